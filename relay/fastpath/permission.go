package fastpath

// permission is the entry of a permission. It governs the channels to its
// address as well, so it also stays, expired, while a channel leads to it.
type permission struct {
	ip         [16]byte
	allocation AllocationID
	channels   ref   // list of those that lead here
	expires    int64 // boot clock, ns; 0: revoked, or not given yet
	byPort     bool
	_          [7]byte
}

// permissionOf finds the permission of an allocation for an IP address. Most
// have one or two, so the latest is tried before the index.
func (t *tables) permissionOf(id AllocationID, ip *[16]byte) ref {
	if r := t.allocations.at(id).permissions; r == 0 || t.permissions.at(r).ip == *ip {
		return r
	}
	hash := t.seeds.hash(ip, permissionKey(id))
	for pos := hash; ; pos++ {
		var r ref
		if pos, r = t.byPermission.next(pos, hash); r == 0 {
			return 0
		}
		if p := t.permissions.at(r); p.allocation == id && p.ip == *ip {
			return r
		}
	}
}

// needPermission finds the permission or makes one that permits nothing yet.
func (t *tables) needPermission(id AllocationID, ip *[16]byte) ref {
	if r := t.permissionOf(id, ip); r != 0 {
		return r
	}
	r, p := t.permissions.take()
	p.ip, p.allocation = *ip, id
	t.permissions.push(&t.allocations.at(id).permissions, r)
	t.byPermission.insert(t.seeds.hash(ip, permissionKey(id)), r)
	return r
}

// permit sets until when a permission lasts, for its channels too.
func (t *tables) permit(r ref, expires int64) {
	p := t.permissions.at(r)
	p.expires = expires
	for next := p.channels; next != 0; {
		c := t.channels.at(next)
		c.until = min(c.expires, expires)
		next = c.nextSibling
	}
}

// revoke ends a permission.
func (t *tables) revoke(r ref) {
	t.permit(r, 0)
	if t.permissions.at(r).channels == 0 {
		t.removePermission(r)
	}
}

// removePermission removes an entry that no channel leads to.
func (t *tables) removePermission(r ref) {
	p := t.permissions.at(r)
	t.byPermission.remove(t.seeds.hash(&p.ip, permissionKey(p.allocation)), r)
	t.permissions.unlink(&t.allocations.at(p.allocation).permissions, r)
	t.permissions.release(r)
}
