package access

import (
	"cmp"
	"net/netip"
	"slices"
	"time"
)

// table finds whether a prefix covers an address. It is immutable. Two prefixes are
// apart, or one is inside of the other; so the entries that cover an address are the
// nearest one at or below it, if that does, and those around that one.
type table struct {
	entries []entry // by first address, then the wider prefix first
}

// entry is one prefix, for good or until a time.
type entry struct {
	prefix netip.Prefix
	until  int64 // Unix ns; 0: for good
	outer  int   // place of the narrowest entry around this one; -1: none
}

func newTable(entries []entry) table {
	slices.SortFunc(entries, func(a, b entry) int { return comparePrefixes(a.prefix, b.prefix) })
	around := -1 // the entry before, or one around it
	for i := range entries {
		for around >= 0 && !entries[around].prefix.Contains(entries[i].prefix.Addr()) {
			around = entries[around].outer
		}
		entries[i].outer, around = around, i
	}
	return table{entries}
}

func tableOf(prefixes []netip.Prefix) table {
	entries := make([]entry, 0, len(prefixes))
	for _, prefix := range prefixes {
		entries = append(entries, entry{prefix: prefix})
	}
	return newTable(entries)
}

// comparePrefixes orders by first address, then the wider prefix first.
func comparePrefixes(a, b netip.Prefix) int {
	return cmp.Or(a.Addr().Compare(b.Addr()), cmp.Compare(a.Bits(), b.Bits()))
}

func (t table) isEmpty() bool { return len(t.entries) == 0 }

// covers judges an address in canonical form. The clock is read only where the
// answer hangs on it.
func (t table) covers(addr netip.Addr) bool {
	low, high := 0, len(t.entries) // entries below low begin at or below addr
	for low < high {
		middle := int(uint(low+high) / 2)
		if t.entries[middle].prefix.Addr().Compare(addr) <= 0 {
			low = middle + 1
		} else {
			high = middle
		}
	}
	for i := low - 1; i >= 0; i = t.entries[i].outer {
		if e := &t.entries[i]; e.prefix.Contains(addr) && (e.until == 0 || time.Now().UnixNano() < e.until) {
			return true
		}
	}
	return false
}
