// Package bucket limits rates in payload bits per second, on the packet path.
//
// An [Array] holds all buckets of a server; an [Index] names one and fits into a
// table entry. Index 0 stands for "no limit". Each bucket is the generic cell
// rate algorithm in one word: the theoretical arrival time, the moment in
// monotonic nanoseconds at which everything admitted so far has been paid for.
// [Array.Take] moves it forward by compare-and-swap, so any number of workers
// may share a bucket without a lock. There is no refill and no timer.
//
// A slot has a fixed layout of 32 bytes without pointers: the collector has
// nothing to scan, and the chunks can become a memory-mapped BPF map that kernel
// and workers draw on together.
//
// A bucket that many workers draw on is taken from in chunks, which a worker then
// spends by itself: [Array.Chunk] says how much is worth it.
//
// Not here: which limits exist and who shares them (quota), and the clock: the
// caller reads it once per batch.
//
// Take is lock-free and for any thread. Reserve, Release and SetRate take a
// mutex, may run beside Take, and belong to the control path.
package bucket
