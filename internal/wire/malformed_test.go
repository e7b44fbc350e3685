package wire_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/fairlead/fairlead/internal/wire"
)

func TestMalformedValue(t *testing.T) {
	long := []byte(strings.Repeat("x", 764))
	tests := []struct {
		attr   wire.AttrType
		read   func(*wire.Message) (present bool, err error)
		values [][]byte
	}{
		{wire.AttrLifetime, func(m *wire.Message) (bool, error) { _, p, err := m.Lifetime(); return p, err },
			[][]byte{{}, {1, 2, 3}, {1, 2, 3, 4, 5}}},
		{wire.AttrRequestedTransport, func(m *wire.Message) (bool, error) { _, p, err := m.RequestedTransport(); return p, err },
			[][]byte{{}, {17}, {17, 0, 0}, {17, 0, 0, 0, 0}}},
		{wire.AttrRequestedAddressFamily, func(m *wire.Message) (bool, error) { _, p, err := m.RequestedFamily(); return p, err },
			[][]byte{{}, {1}}},
		{wire.AttrAdditionalAddressFamily, func(m *wire.Message) (bool, error) { _, p, err := m.AdditionalFamily(); return p, err },
			[][]byte{{}, {2}}},
		{wire.AttrEvenPort, func(m *wire.Message) (bool, error) { _, p, err := m.EvenPort(); return p, err },
			[][]byte{{}, {0x80, 0}}},
		{wire.AttrReservationToken, func(m *wire.Message) (bool, error) { _, p, err := m.ReservationToken(); return p, err },
			[][]byte{{}, make([]byte, 7), make([]byte, 9)}},
		{wire.AttrChannelNumber, func(m *wire.Message) (bool, error) { _, p, err := m.ChannelNumber(); return p, err },
			[][]byte{{}, {0x40, 0}}},
		{wire.AttrICMP, func(m *wire.Message) (bool, error) { _, p, err := m.ICMP(); return p, err },
			[][]byte{{}, make([]byte, 4)}},
		{wire.AttrXORPeerAddress, func(m *wire.Message) (bool, error) { _, p, err := m.XORPeerAddress(); return p, err },
			[][]byte{{}, {0, 1, 0, 0}, {0, 1, 0, 0, 1, 2, 3}, {0, 1, 0, 0, 1, 2, 3, 4, 5}, {0, 2, 0, 0, 1, 2, 3, 4},
				{0, 3, 0, 0, 1, 2, 3, 4}, {0, 0, 0, 0, 1, 2, 3, 4}, append([]byte{0, 1}, make([]byte, 18)...), append([]byte{0, 2}, make([]byte, 22)...)}},
		{wire.AttrMappedAddress, func(m *wire.Message) (bool, error) { _, p, err := m.MappedAddress(); return p, err },
			[][]byte{{}, {0, 1, 0, 0}, {0, 2, 0, 0, 1, 2, 3, 4}}},
		{wire.AttrUsername, func(m *wire.Message) (bool, error) { _, p, err := m.Username(); return p, err }, [][]byte{long}},
		{wire.AttrRealm, func(m *wire.Message) (bool, error) { _, p, err := m.Realm(); return p, err }, [][]byte{long}},
		{wire.AttrNonce, func(m *wire.Message) (bool, error) { _, p, err := m.Nonce(); return p, err }, [][]byte{long}},
		{wire.AttrSoftware, func(m *wire.Message) (bool, error) { _, p, err := m.Software(); return p, err }, [][]byte{long}},
		{wire.AttrAlternateDomain, func(m *wire.Message) (bool, error) { _, p, err := m.AlternateDomain(); return p, err }, [][]byte{long[:256]}},
		{wire.AttrUserHash, func(m *wire.Message) (bool, error) { _, p, err := m.UserHash(); return p, err },
			[][]byte{{}, make([]byte, 31), make([]byte, 33)}},
		{wire.AttrErrorCode, func(m *wire.Message) (bool, error) { _, _, p, err := m.ErrorCode(); return p, err },
			[][]byte{{}, {0, 0, 4}, {0, 0, 2, 99}, {0, 0, 7, 0}, {0, 0, 4, 100}, append([]byte{0, 0, 4, 0}, long...)}},
		{wire.AttrAddressErrorCode, func(m *wire.Message) (bool, error) { _, _, p, err := m.AddressErrorCode(); return p, err },
			[][]byte{{}, {1, 0, 4}, {1, 0, 0, 40}}},
		{wire.AttrUnknownAttributes, func(m *wire.Message) (bool, error) { _, p, err := m.UnknownAttributes(nil); return p, err },
			[][]byte{{1}, {1, 2, 3}}},
		{wire.AttrPasswordAlgorithm, func(m *wire.Message) (bool, error) { _, p, err := m.PasswordAlgorithm(); return p, err },
			[][]byte{{}, {0, 1}, {0, 1, 0, 1}, {0, 1, 0, 0, 0, 1, 0, 0}, {0, 1, 0xFF, 0xFF}}},
		{wire.AttrPasswordAlgorithms, func(m *wire.Message) (bool, error) { _, p, err := m.PasswordAlgorithms(nil); return p, err },
			[][]byte{{0, 1}, {0, 1, 0, 0, 0, 2}, {0, 1, 0, 5, 1, 2, 3, 4}, {0, 1, 0xFF, 0xFC}}},
	}
	for _, test := range tests {
		t.Run(test.attr.String(), func(t *testing.T) {
			for _, value := range test.values {
				m := walk(t, rawMessage(bindingRequest, rawAttribute(nil, test.attr, value...)))
				present, err := test.read(m)
				malformed, ok := errors.AsType[wire.MalformedError](err)
				if !present || !ok || malformed.Attribute != test.attr {
					t.Errorf("value %x: got present %v, error %v, want a malformed %v", value, present, err, test.attr)
				}
			}
		})
	}
}

func TestLongestTextIsRead(t *testing.T) {
	text := strings.Repeat("x", 763)
	m := walk(t, request(wire.MethodBinding, func(b *wire.Builder) { b.Username(text) }))
	if got, _, err := m.Username(); string(got) != text || err != nil {
		t.Errorf("got %d bytes, %v, want 763", len(got), err)
	}
}

func TestOneMalformedPeerSpoilsAll(t *testing.T) {
	b := rawAttribute(nil, wire.AttrXORPeerAddress, 0, 1, 0, 0, 1, 2, 3, 4)
	b = rawAttribute(b, wire.AttrXORPeerAddress, 0, 1, 0, 0, 1, 2, 3)
	m := walk(t, rawMessage(bindingRequest, b))
	if got, err := m.XORPeerAddresses(nil); err == nil || len(got) != 0 {
		t.Errorf("got %v, %v, want an error and no address", got, err)
	}
	if _, present, err := m.XORPeerAddress(); !present || err != nil {
		t.Errorf("got present %v, error %v for the first, want it", present, err)
	}
}
