package fastpath

import "github.com/fairlead/fairlead/internal/bucket"

// LayoutVersion numbers the layout of the entries. It goes up with every change
// of a field, because entries are handed to other address spaces.
const LayoutVersion = 7

// tables are the entries of one worker and the ways to find them. A packet costs
// one look-up by an index; the entries lead on by their numbers.
type tables struct {
	seeds seeds

	allocations slab[allocation]
	permissions slab[permission]
	channels    slab[channel]
	terms       slab[terms]
	leases      slab[lease]

	byClient     index // (client, listener) → allocation
	byNumber     index // (client, listener, channel number) → channel
	byPeer       index // (allocation, peer) → channel
	byPermission index // (allocation, peer's IP address) → permission

	termsOf  map[Terms]ref
	leasesOf map[bucket.Index]ref
}

func newTables() tables {
	return tables{
		seeds:        newSeeds(),
		byClient:     newIndex(),
		byNumber:     newIndex(),
		byPeer:       newIndex(),
		byPermission: newIndex(),
		termsOf:      make(map[Terms]ref),
		leasesOf:     make(map[bucket.Index]ref),
	}
}
