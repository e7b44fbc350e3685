package fastpath

// ref names an entry of a slab; 0 is none.
type ref = uint32

// chunkEntries is how many entries a slab grows by. It grows by chunks, so that
// entries never move and growth never copies. This many fill whole pages, whatever
// multiple of 16 bytes an entry takes.
const chunkEntries = 512

// slab holds entries of one kind, which are linked by their numbers instead of
// pointers: the collector does not look into memory without pointers.
type slab[T any] struct {
	chunks []*[chunkEntries]node[T]
	free   ref // list of released entries
	top    ref // the lowest number never used
	used   int
}

// node is an entry with its place in a list: that of its allocation, or the
// list of free entries.
type node[T any] struct {
	next, prev ref
	entry      T
}

func (s *slab[T]) node(r ref) *node[T] {
	return &s.chunks[r/chunkEntries][r%chunkEntries]
}

// at returns an entry. It stays at its place until it is released.
func (s *slab[T]) at(r ref) *T { return &s.node(r).entry }

// take returns a zeroed entry and its number.
func (s *slab[T]) take() (ref, *T) {
	r := s.free
	if r != 0 {
		s.free = s.node(r).next
	} else {
		s.top++ // number 0 stays unused
		r = s.top
		if int(r/chunkEntries) == len(s.chunks) {
			s.chunks = append(s.chunks, new([chunkEntries]node[T]))
		}
	}
	n := s.node(r)
	*n = node[T]{}
	s.used++
	return r, &n.entry
}

// release gives an entry back. It must be in no list.
func (s *slab[T]) release(r ref) {
	var zero T
	n := s.node(r)
	n.entry = zero
	n.next = s.free
	s.free = r
	s.used--
}

// push puts an entry at the head of a list.
func (s *slab[T]) push(head *ref, r ref) {
	n := s.node(r)
	n.next, n.prev = *head, 0
	if *head != 0 {
		s.node(*head).prev = r
	}
	*head = r
}

// unlink takes an entry out of a list.
func (s *slab[T]) unlink(head *ref, r ref) {
	n := s.node(r)
	if n.next != 0 {
		s.node(n.next).prev = n.prev
	}
	if n.prev != 0 {
		s.node(n.prev).next = n.next
	} else {
		*head = n.next
	}
}

// inRange reports whether r could be an entry: control code holds numbers, and a
// foreign one must not reach into other memory.
func (s *slab[T]) inRange(r ref) bool { return r != 0 && r <= s.top }
