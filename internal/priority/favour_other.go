//go:build !linux

package priority

// Thread returns 0: there is no number that Favour could use.
func Thread() int { return 0 }

// Favour does nothing: nice values are those of processes here.
func Favour([]int, int) error { return nil }
