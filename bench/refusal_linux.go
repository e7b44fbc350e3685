package bench

import (
	"context"
	"errors"
	"net/netip"
	"os"

	"golang.org/x/sys/unix"

	"github.com/fairlead/fairlead/internal/wire"
)

const (
	// strangers is how many clients without credentials ask in one burst; every
	// round has new ones.
	strangers = 64
	// transactionTag is where the tag of a burst lies in a request and in its
	// answer: in the transaction id (RFC 8489 section 5).
	transactionTag = 8
)

// measureRefusals adds to the costs what an Allocate without credentials, and
// its answer 401, takes of a server's CPU time.
func (l *lab) measureRefusals(ctx context.Context, tenants []*tenant, costs []Cost, p pace) error {
	perAnswer := make([][]float64, len(tenants))
	sent, lost := make([]int, len(tenants)), make([]int, len(tenants))
	for range p.rounds {
		for i, t := range tenants {
			if ctx.Err() != nil {
				return ctx.Err()
			}
			ns, s, err := l.refuse(t.server, p)
			if err != nil {
				return t.explain(err)
			}
			perAnswer[i] = append(perAnswer[i], ns)
			sent[i] += s.sent
			lost[i] += s.lost
		}
	}
	for i := range costs {
		costs[i].UnauthenticatedNs = quartilesOf(perAnswer[i])
		costs[i].UnauthenticatedLosses = float64(lost[i]) / float64(sent[i])
	}
	return nil
}

// refuse lets new strangers ask for one slice and returns the server's CPU
// time for one answer.
func (l *lab) refuse(s *server, p pace) (perAnswerNs float64, result *sample, err error) {
	var fds []int
	defer func() {
		for _, fd := range fds {
			err = errors.Join(err, os.NewSyscallError("close", unix.Close(fd)))
		}
	}()
	err = l.clients.do(func() error {
		for range strangers {
			fd, err := openSocket(netip.AddrPortFrom(clientAddr, 0))
			if err != nil {
				return err
			}
			fds = append(fds, fd)
			if err := connect(fd, s.addr); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return 0, nil, err
	}
	r, err := refusalRoute(fds)
	if err != nil {
		return 0, nil, err
	}
	defer func() { err = errors.Join(err, r.close()) }()

	before, err := s.process.cpuTime()
	if err != nil {
		return 0, nil, err
	}
	result = newSample()
	err = onGenerator(l.cpu, func() error {
		result.slice(r, p.slice)
		return nil
	})
	if err != nil {
		return 0, nil, err
	}
	after, err := s.process.cpuTime()
	if err != nil {
		return 0, nil, err
	}
	return float64(after-before) / float64(max(1, result.sent-result.lost)), result, nil
}

// refusalRoute sends one Allocate from each socket and waits for the answers
// at the same ones.
func refusalRoute(fds []int) (*route, error) {
	var b wire.Builder
	var lanes []*lane
	for i, fd := range fds {
		b.Request(wire.MethodAllocate, [wire.TransactionIDSize]byte{wire.TransactionIDSize - 1: byte(i)})
		b.RequestedTransport(wire.ProtocolUDP)
		request := append([]byte(nil), b.Bytes()...)
		from := end{fd: fd, size: len(request), tag: transactionTag}
		to := end{fd: fd, size: wire.HeaderSize, tag: transactionTag}
		lane, err := newLane(from, to, request, 1, false)
		if err != nil {
			return nil, err
		}
		lanes = append(lanes, lane)
	}
	return newRoute(lanes, 1)
}
