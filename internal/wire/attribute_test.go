package wire_test

import (
	"fmt"
	"net/netip"
	"testing"
	"time"

	"github.com/fairlead/fairlead/internal/wire"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

// attributeCase is one attribute written by a Builder and read by a getter.
type attributeCase struct {
	name  string
	write func(b *wire.Builder)
	read  func(m *wire.Message) (value any, present bool, err error)
	want  any
}

// get adapts a typed getter.
func get[T any](f func(*wire.Message) (T, bool, error)) func(*wire.Message) (any, bool, error) {
	return func(m *wire.Message) (any, bool, error) {
		value, present, err := f(m)
		return value, present, err
	}
}

func addressCases() []attributeCase {
	kinds := []struct {
		name  string
		write func(*wire.Builder, netip.AddrPort)
		read  func(*wire.Message) (netip.AddrPort, bool, error)
	}{
		{"XOR-MAPPED-ADDRESS", (*wire.Builder).XORMappedAddress, (*wire.Message).XORMappedAddress},
		{"XOR-RELAYED-ADDRESS", (*wire.Builder).XORRelayedAddress, (*wire.Message).XORRelayedAddress},
		{"XOR-PEER-ADDRESS", (*wire.Builder).XORPeerAddress, (*wire.Message).XORPeerAddress},
		{"MAPPED-ADDRESS", (*wire.Builder).MappedAddress, (*wire.Message).MappedAddress},
		{"ALTERNATE-SERVER", (*wire.Builder).AlternateServer, (*wire.Message).AlternateServer},
	}
	var cases []attributeCase
	for _, kind := range kinds {
		for _, text := range []string{
			"192.0.2.1:32853", "0.0.0.0:0", "255.255.255.255:65535", "[2001:db8::1]:3478",
			"[::]:0", "[::ffff:192.0.2.1]:80",
		} {
			a := netip.MustParseAddrPort(text)
			cases = append(cases, attributeCase{
				kind.name + " " + text,
				func(b *wire.Builder) { kind.write(b, a) },
				get(kind.read), a,
			})
		}
	}
	return cases
}

func numberCases() []attributeCase {
	return []attributeCase{
		{"LIFETIME", func(b *wire.Builder) { b.Lifetime(time.Hour) }, get((*wire.Message).Lifetime), time.Hour},
		{"LIFETIME zero", func(b *wire.Builder) { b.Lifetime(0) }, get((*wire.Message).Lifetime), time.Duration(0)},
		{"LIFETIME rounds down", func(b *wire.Builder) { b.Lifetime(1999 * time.Millisecond) }, get((*wire.Message).Lifetime), time.Second},
		{"LIFETIME longest", func(b *wire.Builder) { b.Lifetime(0xFFFFFFFF * time.Second) }, get((*wire.Message).Lifetime), 0xFFFFFFFF * time.Second},
		{"REQUESTED-TRANSPORT", func(b *wire.Builder) { b.RequestedTransport(wire.ProtocolTCP) }, get((*wire.Message).RequestedTransport), wire.ProtocolTCP},
		{"REQUESTED-ADDRESS-FAMILY", func(b *wire.Builder) { b.RequestedFamily(wire.FamilyIPv6) }, get((*wire.Message).RequestedFamily), wire.FamilyIPv6},
		{"REQUESTED-ADDRESS-FAMILY unheard of", func(b *wire.Builder) { b.RequestedFamily(9) }, get((*wire.Message).RequestedFamily), wire.Family(9)},
		{"ADDITIONAL-ADDRESS-FAMILY", func(b *wire.Builder) { b.AdditionalFamily(wire.FamilyIPv6) }, get((*wire.Message).AdditionalFamily), wire.FamilyIPv6},
		{"EVEN-PORT", func(b *wire.Builder) { b.EvenPort(false) }, get((*wire.Message).EvenPort), false},
		{"EVEN-PORT reserve", func(b *wire.Builder) { b.EvenPort(true) }, get((*wire.Message).EvenPort), true},
		{"RESERVATION-TOKEN", func(b *wire.Builder) { b.ReservationToken([8]byte{1}) }, get((*wire.Message).ReservationToken), [8]byte{1}},
		{"CHANNEL-NUMBER", func(b *wire.Builder) { b.ChannelNumber(0x4ABC) }, get((*wire.Message).ChannelNumber), uint16(0x4ABC)},
		{"ICMP", func(b *wire.Builder) { b.ICMP(wire.ICMP{Type: 127, Code: 511, Data: 1280}) }, get((*wire.Message).ICMP), wire.ICMP{Type: 127, Code: 511, Data: 1280}},
		{"DONT-FRAGMENT", (*wire.Builder).DontFragment, func(m *wire.Message) (any, bool, error) { return m.DontFragment(), m.DontFragment(), nil }, true},
	}
}

func textCases() []attributeCase {
	text := func(f func(*wire.Message) ([]byte, bool, error)) func(*wire.Message) (any, bool, error) {
		return func(m *wire.Message) (any, bool, error) {
			value, present, err := f(m)
			return string(value), present, err
		}
	}
	data := func(m *wire.Message) ([]byte, bool, error) {
		value, present := m.Data()
		return value, present, nil
	}
	phrase := func(m *wire.Message) (any, bool, error) {
		code, phrase, present, err := m.ErrorCode()
		return fmt.Sprintf("%d %q", code, phrase), present, err
	}
	address := func(m *wire.Message) (any, bool, error) {
		f, code, present, err := m.AddressErrorCode()
		return fmt.Sprintf("%d %d", f, code), present, err
	}
	unknown := func(m *wire.Message) ([]wire.AttrType, bool, error) { return m.UnknownAttributes(nil) }
	algorithms := func(m *wire.Message) ([]wire.PasswordAlgorithm, bool, error) { return m.PasswordAlgorithms(nil) }
	types := []wire.AttrType{0x7777, 0x0003, 0x1234}
	preferred := []wire.PasswordAlgorithm{wire.PasswordAlgorithmSHA256, wire.PasswordAlgorithmMD5}
	hash := wire.UserHash("alice", "example.org")

	return []attributeCase{
		{"USERNAME", func(b *wire.Builder) { b.Username("alice%s\r\n") }, text((*wire.Message).Username), "alice%s\r\n"},
		{"USERNAME empty", func(b *wire.Builder) { b.Username("") }, text((*wire.Message).Username), ""},
		{"REALM", func(b *wire.Builder) { b.Realm("example.org") }, text((*wire.Message).Realm), "example.org"},
		{"NONCE", func(b *wire.Builder) { b.Nonce([]byte("nonce")) }, text((*wire.Message).Nonce), "nonce"},
		{"SOFTWARE", func(b *wire.Builder) { b.Software("Fairlead") }, text((*wire.Message).Software), "Fairlead"},
		{"ALTERNATE-DOMAIN", func(b *wire.Builder) { b.AlternateDomain("turn.example") }, text((*wire.Message).AlternateDomain), "turn.example"},
		{"DATA", func(b *wire.Builder) { b.Data([]byte("payload")) }, text(data), "payload"},
		{"DATA empty", func(b *wire.Builder) { b.Data(nil) }, text(data), ""},
		{"USERHASH", func(b *wire.Builder) { b.UserHash(hash) }, get((*wire.Message).UserHash), hash},
		{"ERROR-CODE", func(b *wire.Builder) { b.ErrorCode(438) }, phrase, `438 ""`},
		{"ERROR-CODE lowest", func(b *wire.Builder) { b.ErrorCode(300) }, phrase, `300 ""`},
		{"ERROR-CODE highest", func(b *wire.Builder) { b.ErrorCode(699) }, phrase, `699 ""`},
		{"ERROR-CODE with phrase", func(b *wire.Builder) { b.Attribute(wire.AttrErrorCode, []byte("\xFF\xFF\xFC\x14Unknown")) }, phrase, `420 "Unknown"`},
		{"ADDRESS-ERROR-CODE", func(b *wire.Builder) { b.AddressErrorCode(wire.FamilyIPv6, 508) }, address, "2 508"},
		{"UNKNOWN-ATTRIBUTES", func(b *wire.Builder) { b.UnknownAttributes(types) }, get(unknown), types},
		{"PASSWORD-ALGORITHM", func(b *wire.Builder) { b.PasswordAlgorithm(wire.PasswordAlgorithmMD5) }, get((*wire.Message).PasswordAlgorithm), wire.PasswordAlgorithmMD5},
		{"PASSWORD-ALGORITHMS", func(b *wire.Builder) { b.PasswordAlgorithms(preferred...) }, get(algorithms), preferred},
		{"PASSWORD-ALGORITHMS with parameters", func(b *wire.Builder) {
			b.Attribute(wire.AttrPasswordAlgorithms, []byte{0, 2, 0, 3, 9, 9, 9, 0, 0, 1, 0, 1, 9})
		}, get(algorithms), preferred},
	}
}

func TestAttributeRoundTrip(t *testing.T) {
	cases := append(append(addressCases(), numberCases()...), textCases()...)
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			if _, present, err := c.read(walk(t, rawMessage(bindingRequest, nil))); present || err != nil {
				t.Errorf("got present %v, error %v without the attribute, want neither", present, err)
			}
			got, present, err := c.read(walk(t, request(wire.MethodBinding, c.write)))
			if !present || err != nil {
				t.Fatalf("got present %v, error %v, want the attribute", present, err)
			}
			if diff := cmp.Diff(c.want, got, cmpopts.EquateComparable(netip.AddrPort{})); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

func TestReservedBitsAreIgnored(t *testing.T) {
	var b []byte
	b = rawAttribute(b, wire.AttrChannelNumber, 0x40, 0x01, 0xFF, 0xFF)
	b = rawAttribute(b, wire.AttrRequestedTransport, 17, 0xFF, 0xFF, 0xFF)
	b = rawAttribute(b, wire.AttrRequestedAddressFamily, 2, 0xFF, 0xFF, 0xFF)
	b = rawAttribute(b, wire.AttrEvenPort, 0x7F)
	b = rawAttribute(b, wire.AttrMappedAddress, 0xFF, 1, 0, 80, 192, 0, 2, 1)
	m := walk(t, rawMessage(bindingRequest, b))
	number, _, err := m.ChannelNumber()
	if number != 0x4001 || err != nil {
		t.Errorf("got channel 0x%04X, %v, want 0x4001", number, err)
	}
	if protocol, _, err := m.RequestedTransport(); protocol != wire.ProtocolUDP || err != nil {
		t.Errorf("got protocol %d, %v, want 17", protocol, err)
	}
	if family, _, err := m.RequestedFamily(); family != wire.FamilyIPv6 || err != nil {
		t.Errorf("got family %d, %v, want IPv6", family, err)
	}
	if reserve, _, err := m.EvenPort(); reserve || err != nil {
		t.Errorf("got reserve %v, %v, want false", reserve, err)
	}
	if a, _, err := m.MappedAddress(); a != netip.MustParseAddrPort("192.0.2.1:80") || err != nil {
		t.Errorf("got %v, %v, want 192.0.2.1:80", a, err)
	}
}
