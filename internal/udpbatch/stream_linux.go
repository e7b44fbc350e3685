//go:build !portable

package udpbatch

import "golang.org/x/sys/unix"

// Stream is a connected stream socket, which a Poller watches beside its Conns.
type Stream interface{ Descriptor() int }

// AddStream watches a stream socket for something to read. The token comes back
// with its events.
func (p *Poller) AddStream(s Stream, token uint32) error {
	return p.control(unix.EPOLL_CTL_ADD, s.Descriptor(), streamEvents(true, false), token)
}

// WatchStream changes what a stream socket is watched for: something to read,
// room to write. Its end is always reported.
func (p *Poller) WatchStream(s Stream, token uint32, recv, send bool) error {
	return p.control(unix.EPOLL_CTL_MOD, s.Descriptor(), streamEvents(recv, send), token)
}

// RemoveStream stops watching a stream socket. It must come before the socket is
// closed.
func (p *Poller) RemoveStream(s Stream, _ uint32) error {
	return p.control(unix.EPOLL_CTL_DEL, s.Descriptor(), 0, 0)
}

func streamEvents(recv, send bool) (events uint32) {
	if recv {
		events |= unix.EPOLLIN
	}
	if send {
		events |= unix.EPOLLOUT
	}
	return events
}
