package server

// heldChunk is how many entries a heldTable grows by: whole pages of memory.
const heldChunk = 256

// heldTable has a held for each handle. It grows by chunks: a slice would keep a
// quarter more than there is, and be copied.
type heldTable struct{ chunks []*[heldChunk]held }

// at returns the entry of a handle below size.
func (t *heldTable) at(handle uint32) *held {
	return &t.chunks[handle/heldChunk][handle%heldChunk]
}

// size is the end of the handles that there are entries for.
func (t *heldTable) size() uint32 { return uint32(len(t.chunks)) * heldChunk }

// put fills the entry of a handle.
func (t *heldTable) put(handle uint32, kept held) {
	for handle >= t.size() {
		t.chunks = append(t.chunks, new([heldChunk]held))
	}
	*t.at(handle) = kept
}
