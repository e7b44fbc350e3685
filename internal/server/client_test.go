package server_test

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha1"
	"encoding/base64"
	"encoding/binary"
	"net"
	"net/netip"
	"testing"
	"time"

	"github.com/pion/stun/v3"
)

// answerTimeout bounds the wait for an answer that must come.
const answerTimeout = 30 * time.Second

// client speaks STUN over a real socket. It is built on pion/stun alone, so
// that a mistake of this project's codec cannot hide.
type client struct {
	t        *testing.T
	conn     net.Conn
	server   netip.AddrPort
	username string
	password string
	realm    string
	nonce    string
}

// dial opens a client socket of the server's family on loopback.
func dial(t *testing.T, server netip.AddrPort, username, password string) *client {
	t.Helper()
	conn, err := net.DialUDP("udp", nil, net.UDPAddrFromAddrPort(server))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return &client{t: t, conn: conn, server: server, username: username, password: password}
}

// addr is the client's transport address.
func (c *client) addr() netip.AddrPort { return netip.MustParseAddrPort(c.conn.LocalAddr().String()) }

// message builds an unsigned request.
func message(method stun.Method, attrs ...stun.Setter) *stun.Message {
	setters := append([]stun.Setter{stun.TransactionID, stun.NewType(method, stun.ClassRequest)}, attrs...)
	return stun.MustBuild(setters...)
}

// signed builds a request with the client's credentials, after fetching a
// nonce if there is none yet.
func (c *client) signed(method stun.Method, attrs ...stun.Setter) *stun.Message {
	c.t.Helper()
	if c.nonce == "" {
		c.challenge()
	}
	attrs = append(attrs,
		stun.NewUsername(c.username), stun.NewRealm(c.realm), stun.NewNonce(c.nonce),
		stun.NewLongTermIntegrity(c.username, c.realm, c.password))
	return message(method, attrs...)
}

// challenge learns realm and nonce from the 401 to an unsigned Allocate.
func (c *client) challenge() {
	c.t.Helper()
	answer := c.roundTrip(message(stun.MethodAllocate, requestedTransport(17)))
	c.wantCode(answer, 401)
	c.realm, c.nonce = text(answer, stun.AttrRealm), text(answer, stun.AttrNonce)
}

// roundTrip sends a request and returns its answer.
func (c *client) roundTrip(request *stun.Message) *stun.Message {
	c.t.Helper()
	c.send(request.Raw)
	for {
		answer := c.receive()
		if answer.TransactionID == request.TransactionID {
			return answer
		}
	}
}

// do sends a signed request and returns its answer, whose integrity it checks.
func (c *client) do(method stun.Method, attrs ...stun.Setter) *stun.Message {
	c.t.Helper()
	answer := c.roundTrip(c.signed(method, attrs...))
	if code := errorCode(answer); code != 401 && code != 438 {
		if err := stun.NewLongTermIntegrity(c.username, c.realm, c.password).Check(answer); err != nil {
			c.t.Errorf("%s answer %d: got integrity error %v, want a signed answer", method, code, err)
		}
	}
	return answer
}

func (c *client) send(b []byte) {
	c.t.Helper()
	if _, err := c.conn.Write(b); err != nil {
		c.t.Fatal(err)
	}
}

// receive returns the next STUN message.
func (c *client) receive() *stun.Message {
	c.t.Helper()
	m := &stun.Message{Raw: c.receiveRaw()}
	if err := m.Decode(); err != nil {
		c.t.Fatalf("decode answer % x: %v", m.Raw, err)
	}
	return m
}

// receiveRaw returns the next datagram, whatever it is.
func (c *client) receiveRaw() []byte {
	c.t.Helper()
	b := make([]byte, 65536)
	c.conn.SetReadDeadline(time.Now().Add(answerTimeout))
	n, err := c.conn.Read(b)
	if err != nil {
		c.t.Fatal(err)
	}
	return b[:n]
}

// expectSilence sends a datagram that must not be answered, then a Binding
// request, and checks that the next thing to come is the Binding answer.
func (c *client) expectSilence(b []byte) {
	c.t.Helper()
	c.send(b)
	binding := message(stun.MethodBinding)
	c.send(binding.Raw)
	if answer := c.receive(); answer.TransactionID != binding.TransactionID {
		c.t.Errorf("got answer %s to % x, want none", answer, b)
	}
}

// wantCode checks the error code of an answer; 0 wants a success.
func (c *client) wantCode(answer *stun.Message, want int) {
	c.t.Helper()
	if got := errorCode(answer); got != want {
		c.t.Errorf("%s: got code %d, want %d", answer.Type, got, want)
	}
}

// allocate makes an allocation and returns the relayed transport address.
func (c *client) allocate(attrs ...stun.Setter) netip.AddrPort {
	c.t.Helper()
	answer := c.do(stun.MethodAllocate, append([]stun.Setter{requestedTransport(17)}, attrs...)...)
	c.wantCode(answer, 0)
	return xorAddr(c.t, answer, stun.AttrXORRelayedAddress)
}

// errorCode is the code of an error response, 0 of a success response.
func errorCode(m *stun.Message) int {
	if m.Type.Class == stun.ClassSuccessResponse {
		return 0
	}
	var code stun.ErrorCodeAttribute
	if err := code.GetFrom(m); err != nil {
		return -1
	}
	return int(code.Code)
}

func text(m *stun.Message, attr stun.AttrType) string {
	value, _ := m.Get(attr)
	return string(value)
}

func xorAddr(t *testing.T, m *stun.Message, attr stun.AttrType) netip.AddrPort {
	t.Helper()
	var addr stun.XORMappedAddress
	if err := addr.GetFromAs(m, attr); err != nil {
		t.Fatalf("read %s: %v", attr, err)
	}
	ip, _ := netip.AddrFromSlice(addr.IP)
	return netip.AddrPortFrom(ip.Unmap(), uint16(addr.Port))
}

// raw is an attribute with the given bytes.
func raw(attr stun.AttrType, value ...byte) stun.Setter {
	return stun.RawAttribute{Type: attr, Value: value}
}

func requestedTransport(protocol byte) stun.Setter {
	return raw(stun.AttrRequestedTransport, protocol, 0, 0, 0)
}

func requestedFamily(family byte) stun.Setter {
	return raw(stun.AttrRequestedAddressFamily, family, 0, 0, 0)
}

func additionalFamily(family byte) stun.Setter { return raw(0x8000, family, 0, 0, 0) }

func lifetime(seconds uint32) stun.Setter {
	return raw(stun.AttrLifetime, binary.BigEndian.AppendUint32(nil, seconds)...)
}

func channelNumber(number uint16) stun.Setter {
	return raw(stun.AttrChannelNumber, byte(number>>8), byte(number), 0, 0)
}

// peerSetter writes an XOR-PEER-ADDRESS.
type peerSetter netip.AddrPort

func peer(addr netip.AddrPort) stun.Setter { return peerSetter(addr) }

func (p peerSetter) AddTo(m *stun.Message) error {
	addr := netip.AddrPort(p)
	return stun.XORMappedAddress{IP: addr.Addr().AsSlice(), Port: int(addr.Port())}.AddToAs(m, stun.AttrXORPeerAddress)
}

// channelData frames a payload for a channel.
func channelData(number uint16, payload []byte) []byte {
	b := binary.BigEndian.AppendUint16(nil, number)
	b = binary.BigEndian.AppendUint16(b, uint16(len(payload)))
	return append(b, payload...)
}

// randomBytes returns n bytes that no buffer holds by accident.
func randomBytes(n int) []byte {
	b := make([]byte, n)
	rand.Read(b)
	return b
}

// restPassword is the password that belongs to a REST username.
func restPassword(secret, username string) string {
	mac := hmac.New(sha1.New, []byte(secret))
	mac.Write([]byte(username))
	return base64.StdEncoding.EncodeToString(mac.Sum(nil))
}

// seconds reads the LIFETIME of an answer.
func seconds(t *testing.T, m *stun.Message) uint32 {
	t.Helper()
	value, err := m.Get(stun.AttrLifetime)
	if err != nil || len(value) != 4 {
		t.Fatalf("got LIFETIME % x, %v, want 4 bytes", value, err)
	}
	return binary.BigEndian.Uint32(value)
}

// peer6 writes an XOR-PEER-ADDRESS in the family of the address as written:
// an IPv4-mapped one stays IPv6, which pion/stun would turn into IPv4.
func peer6(addr netip.AddrPort) stun.Setter { return rawPeer(addr) }

type rawPeer netip.AddrPort

func (p rawPeer) AddTo(m *stun.Message) error {
	addr := netip.AddrPort(p)
	key := append([]byte{0x21, 0x12, 0xA4, 0x42}, m.TransactionID[:]...)
	value := []byte{0, 1, byte(addr.Port()>>8) ^ key[0], byte(addr.Port()) ^ key[1]}
	if addr.Addr().Is6() {
		value[1] = 2
	}
	for i, b := range addr.Addr().AsSlice() {
		value = append(value, b^key[i])
	}
	m.Add(stun.AttrXORPeerAddress, value)
	return nil
}
