package udpbatch

// Support is what the kernel offers.
type Support struct {
	Segmentation bool // UDP_SEGMENT, Linux 4.18
	Trains       bool // UDP_GRO, Linux 5.0
	ShortEndOnly bool // see SegmentShortEnd
}
