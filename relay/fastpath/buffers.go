package fastpath

import "math/bits"

// Buffers come in sizes that double, from the smallest one on. What is returned
// is kept for the next taker up to a limit.
const (
	smallestBuffer = 2048
	bufferClasses  = 12
	maxKeptBytes   = 4 << 20
)

// buffers are the buffers of one worker for what waits in streams, so that a
// stream in which nothing waits holds none.
type buffers struct {
	kept      [bufferClasses][][]byte
	keptBytes int
}

// class is the smallest class of buffers that hold n bytes.
func class(n int) int {
	if n <= smallestBuffer {
		return 0
	}
	return bits.Len(uint(n-1)) - bits.Len(uint(smallestBuffer-1))
}

// take returns an empty buffer for at least n bytes.
func (p *buffers) take(n int) []byte {
	c := class(n)
	if c >= bufferClasses {
		return make([]byte, 0, n)
	}
	if last := len(p.kept[c]) - 1; last >= 0 {
		b := p.kept[c][last]
		p.kept[c] = p.kept[c][:last]
		p.keptBytes -= cap(b)
		return b
	}
	return make([]byte, 0, smallestBuffer<<c)
}

// put takes a buffer back; nil does nothing.
func (p *buffers) put(b []byte) {
	c := class(cap(b))
	if cap(b) == 0 || c >= bufferClasses || cap(b) != smallestBuffer<<c || p.keptBytes+cap(b) > maxKeptBytes {
		return
	}
	p.kept[c] = append(p.kept[c], b[:0])
	p.keptBytes += cap(b)
}
