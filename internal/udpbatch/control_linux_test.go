//go:build !portable

package udpbatch

import (
	"encoding/binary"
	"slices"
	"testing"
	"unsafe"

	"golang.org/x/sys/unix"
)

// controlMessage encodes one as the kernel does, padding included.
func controlMessage(level, kind int32, data []byte) []byte {
	h := unix.Cmsghdr{Level: level, Type: kind}
	h.SetLen(unix.CmsgLen(len(data)))
	b := make([]byte, unix.CmsgSpace(len(data)))
	copy(b, unsafe.Slice((*byte)(unsafe.Pointer(&h)), unix.SizeofCmsghdr))
	copy(b[unix.CmsgLen(0):], data)
	return b
}

// The size of the segments is found wherever it stands, and nothing is read
// behind the end.
func TestControlMessages(t *testing.T) {
	size := binary.NativeEndian.AppendUint32(nil, 1200)
	gro := controlMessage(unix.SOL_UDP, unix.UDP_GRO, size)
	other := controlMessage(unix.SOL_SOCKET, unix.SO_RXQ_OVFL, []byte{1, 2, 3, 4})
	odd := controlMessage(unix.IPPROTO_IP, unix.IP_TOS, []byte{7})
	for _, test := range []struct {
		name string
		data []byte
		want int
	}{
		{"none", nil, 0},
		{"alone", gro, 1200},
		{"first", slices.Concat(gro, other), 1200},
		{"last", slices.Concat(other, gro), 1200},
		{"behind an odd length", slices.Concat(odd, gro), 1200},
		{"another", other, 0},
		{"another level", controlMessage(unix.SOL_SOCKET, unix.UDP_GRO, size), 0},
		{"cut in its header", gro[:unix.SizeofCmsghdr-1], 0},
		{"cut in its value", gro[:unix.CmsgLen(4)-1], 0},
		{"without a length", make([]byte, unix.SizeofCmsghdr), 0},
	} {
		t.Run(test.name, func(t *testing.T) {
			var c receiveControl
			copy(unsafe.Slice((*byte)(unsafe.Pointer(&c)), sizeofReceiveControl), test.data)
			if got := c.segment(len(test.data)); got != test.want {
				t.Errorf("got %d, want %d", got, test.want)
			}
		})
	}
}
