package bench

import (
	"errors"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"strconv"
)

// lab is the network of a measurement:
//
//	    clients                          relay                         peers
//	+-------------+           +--------------------------+          +----------+
//	|  10.1.0.2   |-- veth ---| 10.1.0.11      10.2.0.11 |-- veth --| 10.2.0.2 |
//	|  10.1.0.3   |           | 10.1.0.12  …   10.2.0.12 |          |          |
//	|             |           +--------------------------+          |          |
//	|  10.3.0.1   |-------------------- veth -----------------------| 10.3.0.2 |
//	+-------------+          the direct way: the baseline           +----------+
//
// Every server has two addresses of the relay to itself, so that several of
// them run at once without meeting.
type lab struct {
	clients, relay, peers *host

	transport  Transport // of the clients
	cpu        int
	machine    Machine
	directory  string // scratch, removed by close
	executable string
	servers    int // started so far; each has its addresses
}

// maxServers is the number of addresses that the relay has on each side.
const maxServers = 16

// Addresses of the hosts.
var (
	clientAddr       = netip.MustParseAddr("10.1.0.2")
	visitorAddr      = netip.MustParseAddr("10.1.0.3") // clients that come and go
	peerAddr         = netip.MustParseAddr("10.2.0.2")
	directClientAddr = netip.MustParseAddr("10.3.0.1")
	directPeerAddr   = netip.MustParseAddr("10.3.0.2")
)

// openLab builds the network. A negative cpu stands for the last one.
func openLab(cpu int) (l *lab, err error) {
	l = &lab{cpu: cpu}
	defer func() {
		if err != nil {
			err = errors.Join(err, l.close())
		}
	}()
	if cpu < 0 {
		if l.cpu, err = lastCPU(); err != nil {
			return l, err
		}
	}
	if l.machine, err = thisMachine(l.cpu); err != nil {
		return l, fmt.Errorf("describe the machine: %w", err)
	}
	if l.executable, err = os.Executable(); err != nil {
		return l, fmt.Errorf("find the running binary: %w", err)
	}
	if l.directory, err = os.MkdirTemp("", "fairlead-bench-"); err != nil {
		return l, fmt.Errorf("make a scratch directory: %w", err)
	}
	for _, h := range []**host{&l.clients, &l.relay, &l.peers} {
		if *h, err = newHost(); err != nil {
			return l, err
		}
	}
	return l, l.link()
}

// link joins the hosts.
func (l *lab) link() error {
	toClients := []string{
		"link add clients type veth peer name relay netns /proc/self/fd/3",
		"link set lo up",
		"link set clients up",
	}
	toPeers := []string{
		"link add peers type veth peer name relay netns /proc/self/fd/3",
		"link set peers up",
	}
	for i := range maxServers {
		listen, relay := serverAddrs(i)
		toClients = append(toClients, "addr add "+listen.String()+"/24 dev clients")
		toPeers = append(toPeers, "addr add "+relay.String()+"/24 dev peers")
	}
	return errors.Join(
		l.relay.ip(l.clients, toClients...),
		l.relay.ip(l.peers, toPeers...),
		l.clients.ip(l.peers,
			"link set relay up",
			"addr add 10.1.0.2/24 dev relay",
			"addr add 10.1.0.3/24 dev relay",
			"link add direct type veth peer name direct netns /proc/self/fd/3",
			"link set direct up",
			"addr add 10.3.0.1/24 dev direct"),
		l.peers.ip(l.clients,
			"link set relay up",
			"addr add 10.2.0.2/24 dev relay",
			"link set direct up",
			"addr add 10.3.0.2/24 dev direct"),
	)
}

// close removes the network; servers must have been stopped.
func (l *lab) close() error {
	var err error
	for _, h := range []*host{l.clients, l.relay, l.peers} {
		if h != nil {
			err = errors.Join(err, h.close())
		}
	}
	if l.directory != "" {
		err = errors.Join(err, os.RemoveAll(l.directory))
	}
	return err
}

// nextSetting hands out the addresses and the directory of one more server.
func (l *lab) nextSetting() (setting, error) {
	if l.servers == maxServers {
		return setting{}, fmt.Errorf("start a server: the relay has addresses for %d only", maxServers)
	}
	s := setting{
		transport:  l.transport,
		directory:  filepath.Join(l.directory, strconv.Itoa(l.servers)),
		executable: l.executable,
	}
	s.listen, s.relay = serverAddrs(l.servers)
	l.servers++
	if err := os.Mkdir(s.directory, 0o755); err != nil {
		return setting{}, fmt.Errorf("make a scratch directory: %w", err)
	}
	if l.transport.needsCertificate() {
		return s, writeCertificate(s.certificate(), s.key())
	}
	return s, nil
}

// serverAddrs are the addresses of the i-th server.
func serverAddrs(i int) (listen, relay netip.Addr) {
	last := byte(11 + i)
	return netip.AddrFrom4([4]byte{10, 1, 0, last}), netip.AddrFrom4([4]byte{10, 2, 0, last})
}
