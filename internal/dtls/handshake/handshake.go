package handshake

import (
	"bytes"
	"encoding/gob"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strings"

	pion "github.com/pion/dtls/v3"

	"github.com/fairlead/fairlead/internal/dtls"
)

// Handshake is the one of a client.
type Handshake struct {
	server     *Server
	conn       *pion.Conn // set by Run
	link       link
	cid        dtls.CID
	cookie     []byte
	serverName string // set by the library's goroutine before Run returns
}

// Client is who a Handshake is for.
type Client struct {
	Address netip.AddrPort
	// Hello is its ClientHello, whose cookie was checked.
	Hello []byte
	// CID is to be in its records, if it knows how to send it.
	CID dtls.CID
}

var errHello = errors.New("not a ClientHello that follows a HelloVerifyRequest")

// New prepares a handshake. send is called, from one goroutine at a time, with
// each datagram to the client; it becomes its owner and must not wait.
func (s *Server) New(c Client, send func(datagram []byte)) (*Handshake, error) {
	hello, ok := dtls.ParseHello(c.Hello)
	if !ok || hello.MessageSequence != 1 || hello.RecordSequence == 0 {
		return nil, fmt.Errorf("begin a handshake with %s: %w", c.Address, errHello)
	}
	h := &Handshake{server: s, cid: c.CID, cookie: bytes.Clone(hello.Cookie)}
	h.link = link{
		client: net.UDPAddrFromAddrPort(c.Address),
		in:     make(chan []byte, queueSize),
		closed: make(chan struct{}),
		cut:    make(chan struct{}),
		send:   send,
		second: bytes.Clone(c.Hello),
		delta:  hello.RecordSequence - 1,
	}
	h.link.in <- hello.First(c.Hello)
	return h, nil
}

// Deliver gives the handshake a datagram of the client. It copies it, never waits,
// and returns false if there is no room for it. Any goroutine may call it.
func (h *Handshake) Deliver(datagram []byte) bool { return h.link.deliver(datagram) }

// Release ends the handshake: nothing is sent from here on. It returns the number
// of the first record that may be sealed with its keys, never waits, and does
// nothing more when called again. Any goroutine may call it.
func (h *Handshake) Release() (next uint64) { return h.link.release() }

// exported is the part of the library's exported state that is needed here. Its
// fields are found by their names.
type exported struct {
	LocalRandom, RemoteRandom             [32]byte
	CipherSuiteID                         uint16
	MasterSecret                          []byte
	LocalConnectionID, RemoteConnectionID []byte
}

// export reads the library's state after a handshake.
func export(conn *pion.Conn) (e exported, err error) {
	state, ok := conn.ConnectionState()
	if !ok {
		return e, errors.New("take over the keys: the association is over")
	}
	text, err := state.MarshalBinary()
	if err == nil {
		err = gob.NewDecoder(bytes.NewReader(text)).Decode(&e)
	}
	if err != nil {
		return e, fmt.Errorf("take over the keys: %w", err)
	}
	return e, nil
}

// result takes the keys out of the library. It seals no more records than the end
// of the handshake from here on, and those only before Release.
func (h *Handshake) result() (Result, error) {
	e, err := export(h.conn)
	if err != nil {
		return Result{}, err
	}
	return Result{
		ServerName: strings.ToLower(h.serverName),
		Keys: dtls.Keys{
			Suite: e.CipherSuiteID, MasterSecret: e.MasterSecret,
			ClientRandom: e.RemoteRandom, ServerRandom: e.LocalRandom,
			CID: h.cid, HasCID: bytes.Equal(e.LocalConnectionID, h.cid[:]),
			ClientCID: e.RemoteConnectionID,
		},
	}, nil
}
