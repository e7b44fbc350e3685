package udpbatch

// Segmentation says which runs of a SendBatch leave as one message.
type Segmentation uint8

// The choices.
const (
	// SegmentNone: every packet is a message.
	SegmentNone Segmentation = iota
	// SegmentShortEnd: only runs whose last packet is shorter. Linux 7.0 and 7.1
	// spoil, with some drivers, the UDP headers of runs in which all are equal.
	SegmentShortEnd
	// SegmentAll: every run.
	SegmentAll
)
