package allocation

import "time"

// dueQueue is a binary min-heap of allocations by the moment at which Sweep must
// look at them next. That moment is never later than the true one. Every
// allocation knows its position.
type dueQueue []due

type due struct {
	at         time.Duration // since the table's epoch
	allocation *Allocation
}

func (q dueQueue) holds(a *Allocation) bool {
	return a.position >= 0 && int(a.position) < len(q) && q[a.position].allocation == a
}

func (q *dueQueue) push(a *Allocation, at time.Duration) {
	*q = append(*q, due{at, a})
	q.up(len(*q) - 1)
}

// advance moves a's moment forward to at; a later one changes nothing.
func (q dueQueue) advance(a *Allocation, at time.Duration) {
	if at < q[a.position].at {
		q[a.position].at = at
		q.up(int(a.position))
	}
}

// postpone gives the first allocation a later moment.
func (q dueQueue) postpone(at time.Duration) {
	q[0].at = at
	q.down(0)
}

func (q *dueQueue) remove(a *Allocation) {
	i, last := int(a.position), len(*q)-1
	moved := (*q)[last]
	(*q)[last] = due{}
	*q = (*q)[:last]
	a.position = removed
	if i == last {
		return
	}
	(*q)[i] = moved
	q.down(q.up(i))
}

// up moves the entry at i towards the root as far as it belongs, and returns
// where it ended.
func (q dueQueue) up(i int) int {
	moving := q[i]
	for i > 0 {
		parent := (i - 1) / 2
		if q[parent].at <= moving.at {
			break
		}
		q.place(i, q[parent])
		i = parent
	}
	q.place(i, moving)
	return i
}

func (q dueQueue) down(i int) {
	moving := q[i]
	for {
		child := 2*i + 1
		if child >= len(q) {
			break
		}
		if child+1 < len(q) && q[child+1].at < q[child].at {
			child++
		}
		if moving.at <= q[child].at {
			break
		}
		q.place(i, q[child])
		i = child
	}
	q.place(i, moving)
}

func (q dueQueue) place(i int, d due) {
	q[i] = d
	d.allocation.position = int32(i)
}
