package wire_test

import (
	"bytes"
	"encoding/binary"
	"net/netip"
	"testing"

	"github.com/fairlead/fairlead/internal/wire"
	"github.com/pion/stun/v3"
)

// legacyXORMappedAddress is a type that old implementations used for
// XOR-MAPPED-ADDRESS; pion/stun renames it while reading.
const legacyXORMappedAddress = 0x8020

// pionAccepts lists the reasons of Walk that pion/stun does not share, and why.
var pionAccepts = map[wire.Reason]string{
	wire.ReasonType:        "it does not look at the first two bits",
	wire.ReasonLength:      "it accepts bytes behind the message and odd lengths",
	wire.ReasonFingerprint: "it judges FINGERPRINT on request only",
}

// compareWithPion holds the verdict of Walk and all that can be read afterwards
// against pion/stun in its strict mode.
func compareWithPion(t *testing.T, b []byte, m *wire.Message, reason wire.Reason) {
	t.Helper()
	theirs := stun.NewWithOptions(stun.WithStrict(true))
	err := stun.Decode(b, theirs)
	if reason != wire.OK {
		if err == nil && pionAccepts[reason] == "" {
			t.Errorf("got %v, want ok as pion/stun says: %x", reason, b)
		}
		return
	}
	if err != nil {
		t.Fatalf("got ok, want a refusal as pion/stun says: %v: %x", err, b)
	}
	var decoded stun.Message
	if err := m.Decode(&decoded); err != nil || !decoded.Equal(theirs) {
		t.Errorf("got %v, %v from Decode, want %v", &decoded, err, theirs)
	}
	if uint16(theirs.Type.Method) != uint16(m.Method) || byte(theirs.Type.Class) != byte(m.Class) || theirs.TransactionID != m.TransactionID {
		t.Errorf("got %v %v %x, want %v", m.Method, m.Class, m.TransactionID, theirs)
	}
	compareAttributes(t, m, theirs)
	compareAddresses(t, m, theirs)
	compareIntegrity(t, m, theirs)
}

func compareAttributes(t *testing.T, m *wire.Message, theirs *stun.Message) {
	t.Helper()
	if m.Has(legacyXORMappedAddress) {
		return
	}
	for _, attr := range typesIn(m.Raw) {
		want, err := theirs.Get(stun.AttrType(attr))
		got, ok := m.Get(attr)
		if ok != (err == nil) || !bytes.Equal(got, want) {
			t.Errorf("%v: got %x, %v, want %x, %v", attr, got, ok, want, err)
		}
	}
	var all [][]byte
	_ = theirs.ForEach(stun.AttrXORPeerAddress, func(rest *stun.Message) error {
		value, err := rest.Get(stun.AttrXORPeerAddress)
		all = append(all, value)
		return err
	})
	for value := range m.Each(wire.AttrXORPeerAddress) {
		if len(all) == 0 || !bytes.Equal(all[0], value) {
			t.Fatalf("got XOR-PEER-ADDRESS %x, want one of %x", value, all)
		}
		all = all[1:]
	}
	if len(all) != 0 {
		t.Errorf("got none for %x, want every XOR-PEER-ADDRESS", all)
	}

	var code stun.ErrorCodeAttribute
	if got, phrase, ok, err := m.ErrorCode(); ok && err == nil {
		value, _ := m.Get(wire.AttrErrorCode)
		// pion/stun takes the reserved bits beside the class for part of it.
		reserved := value[2]&^7 != 0
		if err := code.GetFrom(theirs); err != nil || !reserved && int(code.Code) != got || !bytes.Equal(code.Reason, phrase) {
			t.Errorf("got error code %d %q, want %v, %v", got, phrase, code, err)
		}
	}
	var unknown stun.UnknownAttributes
	if got, ok, err := m.UnknownAttributes(nil); ok && err == nil {
		if err := unknown.GetFrom(theirs); err != nil || len(unknown) != len(got) {
			t.Fatalf("got unknown %v, want %v, %v", got, unknown, err)
		}
		for i := range got {
			if uint16(got[i]) != uint16(unknown[i]) {
				t.Errorf("got unknown %v, want %v", got, unknown)
			}
		}
	}
}

func compareAddresses(t *testing.T, m *wire.Message, theirs *stun.Message) {
	t.Helper()
	for attr, read := range map[wire.AttrType]func() (netip.AddrPort, bool, error){
		wire.AttrXORMappedAddress:  m.XORMappedAddress,
		wire.AttrXORRelayedAddress: m.XORRelayedAddress,
		wire.AttrXORPeerAddress:    m.XORPeerAddress,
	} {
		value, ok := m.Get(attr)
		if !ok || m.Has(legacyXORMappedAddress) {
			continue
		}
		got, _, err := read()
		var want stun.XORMappedAddress
		theirErr := want.GetFromAs(theirs, stun.AttrType(attr))
		switch {
		case err == nil && value[0] != 0:
			// pion/stun takes the byte that receivers ignore for part of the family.
		case err == nil:
			if addr, _ := netip.AddrFromSlice(want.IP); theirErr != nil || netip.AddrPortFrom(addr, uint16(want.Port)) != got {
				t.Errorf("%v: got %v, want %v, %v", attr, got, want, theirErr)
			}
		case theirErr == nil && len(value) != 4+len(want.IP):
			// pion/stun fills a value that is too short with zeros.
		case theirErr == nil:
			t.Errorf("%v: got %v, want %v", attr, err, want)
		}
	}
}

func compareIntegrity(t *testing.T, m *wire.Message, theirs *stun.Message) {
	t.Helper()
	want := stun.MessageIntegrity(sampleKey).Check(theirs) == nil
	if got := m.CheckIntegrity(sampleKey); got != want {
		t.Errorf("got MESSAGE-INTEGRITY right %v, want %v", got, want)
	}
	if m.HasFingerprint() {
		if err := stun.Fingerprint.Check(theirs); err != nil {
			t.Errorf("got a right FINGERPRINT, want %v", err)
		}
	}
}

// TestPionReadsWhatIsBuilt holds the Builder against pion/stun's own setters.
func TestPionReadsWhatIsBuilt(t *testing.T) {
	ours := sampleAllocate()
	theirs := new(stun.Message)
	theirs.Type = stun.NewType(stun.MethodAllocate, stun.ClassRequest)
	theirs.TransactionID = sampleID
	theirs.WriteHeader()
	theirs.Add(stun.AttrRequestedTransport, []byte{17, 0, 0, 0})
	theirs.Add(stun.AttrLifetime, binary.BigEndian.AppendUint32(nil, 600))
	for _, setter := range []stun.Setter{
		stun.NewUsername("1700000000:alice"), stun.NewRealm("example.org"),
		stun.NewNonce("f//499k954d6OL34oL9FSTvy64sA"), stun.MessageIntegrity(sampleKey), stun.Fingerprint,
	} {
		if err := setter.AddTo(theirs); err != nil {
			t.Fatalf("got %v from pion/stun, want none", err)
		}
	}
	if !bytes.Equal(ours, theirs.Raw) {
		t.Errorf("got %x, want %x", ours, theirs.Raw)
	}
	for _, seed := range seeds(t) {
		var m wire.Message
		compareWithPion(t, seed, &m, m.Walk(seed))
	}
}
