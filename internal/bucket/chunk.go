package bucket

import "time"

// ChunkTime bounds what a worker holds of a shared bucket without having used
// it: so much of the bucket's rate, and never more than MaxBytes. With w workers
// no more than w chunks pass in addition to what Take promises.
const ChunkTime = 2 * time.Millisecond

// chunkOf is how many bytes a rate gives in ChunkTime.
func chunkOf(bitsPerSecond uint64) uint32 {
	const perSecond = 8 * uint64(time.Second/ChunkTime)
	if bitsPerSecond == 0 {
		return MaxBytes
	}
	return uint32(min(bitsPerSecond/perSecond, MaxBytes))
}

// Chunk returns how many bytes of a bucket a worker should take at once, to spend
// them by and by; 0 where the rate is too low for that. The bucket must have been
// reserved.
func (a *Array) Chunk(i Index) int { return int(a.slot(i).chunk.Load()) }
