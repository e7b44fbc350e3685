package bucket

import "unsafe"

// SlotSize is the size of a slot in bytes, part of the layout that doc.go
// promises.
func SlotSize() uintptr { return unsafe.Sizeof(slot{}) }
