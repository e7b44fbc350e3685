package store

import (
	"container/list"
	"time"

	"github.com/fairlead/fairlead/authn"
)

// key names what a Store remembers: a user of a realm, by name or by USERHASH.
type key struct {
	realm, name string
	isHash      bool // name is the hash, 32 bytes
}

// entry is one remembered answer.
type entry struct {
	key    key
	name   string // that a hash stands for
	record authn.Record
	until  time.Time // fresh before
	stale  time.Time // better than nothing before
}

// cache remembers a bounded number of answers and forgets the one that was not
// asked for the longest. It has no lock: a Store's covers it.
type cache struct {
	most    int
	entries map[key]*list.Element // of *entry
	order   *list.List            // most recently used first
}

func newCache(most int) *cache {
	return &cache{most: most, entries: make(map[key]*list.Element), order: list.New()}
}

// get returns the entry, fresh or not, or nil.
func (c *cache) get(k key) *entry {
	element := c.entries[k]
	if element == nil {
		return nil
	}
	c.order.MoveToFront(element)
	return element.Value.(*entry)
}

func (c *cache) put(e *entry) {
	if element := c.entries[e.key]; element != nil {
		element.Value = e
		c.order.MoveToFront(element)
		return
	}
	c.entries[e.key] = c.order.PushFront(e)
	if c.order.Len() > c.most {
		c.remove(c.order.Back().Value.(*entry).key)
	}
}

func (c *cache) remove(k key) {
	if element := c.entries[k]; element != nil {
		c.order.Remove(element)
		delete(c.entries, k)
	}
}

// keys lists what is remembered, most recently used first.
func (c *cache) keys() []key {
	var keys []key
	for element := c.order.Front(); element != nil; element = element.Next() {
		keys = append(keys, element.Value.(*entry).key)
	}
	return keys
}

func (c *cache) len() int { return c.order.Len() }
