package bucket

import "math/bits"

// rate is the price of one byte in nanoseconds as a fixed-point number: the
// upper 58 bits are a multiplier, the lower six a shift. One word, so that it
// changes atomically under running packets; multiply and shift, because a
// 64-bit division costs as much as the rest of Take. Zero is no limit.
type rate uint64

const (
	shiftBits = 6

	// multiplierBits leaves room in 64 bits for MaxBytes times the multiplier.
	multiplierBits = 46

	nanosecondBitsPerByte = 8 * 1e9
)

// newRate returns the price at a number of bits per second: the largest shift
// for which the multiplier keeps to its bits, so the price is exact to one part
// in 2^44.
func newRate(bitsPerSecond uint64) rate {
	if bitsPerSecond == 0 {
		return 0
	}
	// The quotient has multiplierBits at most; for rates that are beyond all
	// networks the shift ends at what six bits can hold.
	shift := uint(multiplierBits - bits.Len64(nanosecondBitsPerByte) + bits.Len64(bitsPerSecond) - 1)
	shift = min(shift, 1<<shiftBits-1)
	high, low := bits.Mul64(nanosecondBitsPerByte, 1<<shift)
	multiplier, _ := bits.Div64(high, low, bitsPerSecond)
	return rate(multiplier<<shiftBits | uint64(shift))
}

// cost returns the price of n bytes, rounded to the nearest nanosecond.
func (r rate) cost(n int) int64 {
	shift := r & (1<<shiftBits - 1)
	return int64((uint64(n)*uint64(r>>shiftBits) + 1<<shift>>1) >> shift)
}
