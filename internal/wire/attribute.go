package wire

import "fmt"

// AttrType is the type of a STUN attribute.
type AttrType uint16

// Comprehension-required attributes (RFC 8489 section 18.3, RFC 8656 section 18).
const (
	AttrMappedAddress          AttrType = 0x0001
	AttrUsername               AttrType = 0x0006
	AttrMessageIntegrity       AttrType = 0x0008
	AttrErrorCode              AttrType = 0x0009
	AttrUnknownAttributes      AttrType = 0x000A
	AttrChannelNumber          AttrType = 0x000C
	AttrLifetime               AttrType = 0x000D
	AttrXORPeerAddress         AttrType = 0x0012
	AttrData                   AttrType = 0x0013
	AttrRealm                  AttrType = 0x0014
	AttrNonce                  AttrType = 0x0015
	AttrXORRelayedAddress      AttrType = 0x0016
	AttrRequestedAddressFamily AttrType = 0x0017
	AttrEvenPort               AttrType = 0x0018
	AttrRequestedTransport     AttrType = 0x0019
	AttrDontFragment           AttrType = 0x001A
	AttrMessageIntegritySHA256 AttrType = 0x001C
	AttrPasswordAlgorithm      AttrType = 0x001D
	AttrUserHash               AttrType = 0x001E
	AttrXORMappedAddress       AttrType = 0x0020
	AttrReservationToken       AttrType = 0x0022
)

// Comprehension-optional attributes (RFC 8489 section 18.3, RFC 8656 section 18).
const (
	AttrAdditionalAddressFamily AttrType = 0x8000
	AttrAddressErrorCode        AttrType = 0x8001
	AttrPasswordAlgorithms      AttrType = 0x8002
	AttrAlternateDomain         AttrType = 0x8003
	AttrICMP                    AttrType = 0x8004
	AttrSoftware                AttrType = 0x8022
	AttrAlternateServer         AttrType = 0x8023
	AttrFingerprint             AttrType = 0x8028
)

// Attributes of extensions. The comprehension-required ones among them count as
// unknown (see [Message.UnknownRequired]).
const (
	AttrChangeRequest           AttrType = 0x0003 // RFC 5780 section 7.2
	AttrAccessToken             AttrType = 0x001B // RFC 7635 section 6.2
	AttrPadding                 AttrType = 0x0026 // RFC 5780 section 7.6
	AttrResponsePort            AttrType = 0x0027 // RFC 5780 section 7.5
	AttrConnectionID            AttrType = 0x002A // RFC 6062 section 6.2.1
	AttrResponseOrigin          AttrType = 0x802B // RFC 5780 section 7.3
	AttrOtherAddress            AttrType = 0x802C // RFC 5780 section 7.4
	AttrThirdPartyAuthorization AttrType = 0x802E // RFC 7635 section 6.1
	AttrMobilityTicket          AttrType = 0x8030 // RFC 8016 section 3.3

	// AttrAdditionalFamilyDraft is ADDITIONAL-ADDRESS-FAMILY before RFC 8656
	// gave it its number: what coturn's client sends, up to 4.6.1 at least.
	AttrAdditionalFamilyDraft AttrType = 0x8032
)

// Required reports whether a receiver that does not understand the attribute
// must refuse the message (RFC 8489 section 14).
func (t AttrType) Required() bool { return t < 0x8000 }

// understood holds one bit for each comprehension-required attribute of
// RFC 8489 and RFC 8656; all of them lie below 64.
const understood uint64 = 1<<AttrMappedAddress | 1<<AttrUsername | 1<<AttrMessageIntegrity |
	1<<AttrErrorCode | 1<<AttrUnknownAttributes | 1<<AttrChannelNumber | 1<<AttrLifetime |
	1<<AttrXORPeerAddress | 1<<AttrData | 1<<AttrRealm | 1<<AttrNonce |
	1<<AttrXORRelayedAddress | 1<<AttrRequestedAddressFamily | 1<<AttrEvenPort |
	1<<AttrRequestedTransport | 1<<AttrDontFragment | 1<<AttrMessageIntegritySHA256 |
	1<<AttrPasswordAlgorithm | 1<<AttrUserHash | 1<<AttrXORMappedAddress | 1<<AttrReservationToken

// isUnknownRequired reports whether t must be understood but is not.
func (t AttrType) isUnknownRequired() bool {
	return t.Required() && (t >= 64 || understood>>t&1 == 0)
}

// String returns the attribute's name in the RFCs, or its number.
func (t AttrType) String() string {
	if name := t.name(); name != "" {
		return name
	}
	return fmt.Sprintf("0x%04X", uint16(t))
}

func (t AttrType) name() string {
	switch t {
	case AttrMappedAddress:
		return "MAPPED-ADDRESS"
	case AttrUsername:
		return "USERNAME"
	case AttrMessageIntegrity:
		return "MESSAGE-INTEGRITY"
	case AttrErrorCode:
		return "ERROR-CODE"
	case AttrUnknownAttributes:
		return "UNKNOWN-ATTRIBUTES"
	case AttrChannelNumber:
		return "CHANNEL-NUMBER"
	case AttrLifetime:
		return "LIFETIME"
	case AttrXORPeerAddress:
		return "XOR-PEER-ADDRESS"
	case AttrData:
		return "DATA"
	case AttrRealm:
		return "REALM"
	case AttrNonce:
		return "NONCE"
	case AttrXORRelayedAddress:
		return "XOR-RELAYED-ADDRESS"
	case AttrRequestedAddressFamily:
		return "REQUESTED-ADDRESS-FAMILY"
	case AttrEvenPort:
		return "EVEN-PORT"
	case AttrRequestedTransport:
		return "REQUESTED-TRANSPORT"
	case AttrDontFragment:
		return "DONT-FRAGMENT"
	case AttrMessageIntegritySHA256:
		return "MESSAGE-INTEGRITY-SHA256"
	case AttrPasswordAlgorithm:
		return "PASSWORD-ALGORITHM"
	case AttrUserHash:
		return "USERHASH"
	case AttrXORMappedAddress:
		return "XOR-MAPPED-ADDRESS"
	case AttrReservationToken:
		return "RESERVATION-TOKEN"
	case AttrAdditionalAddressFamily:
		return "ADDITIONAL-ADDRESS-FAMILY"
	case AttrAddressErrorCode:
		return "ADDRESS-ERROR-CODE"
	case AttrPasswordAlgorithms:
		return "PASSWORD-ALGORITHMS"
	case AttrAlternateDomain:
		return "ALTERNATE-DOMAIN"
	case AttrICMP:
		return "ICMP"
	case AttrSoftware:
		return "SOFTWARE"
	case AttrAlternateServer:
		return "ALTERNATE-SERVER"
	case AttrFingerprint:
		return "FINGERPRINT"
	case AttrChangeRequest:
		return "CHANGE-REQUEST"
	case AttrAccessToken:
		return "ACCESS-TOKEN"
	case AttrPadding:
		return "PADDING"
	case AttrResponsePort:
		return "RESPONSE-PORT"
	case AttrConnectionID:
		return "CONNECTION-ID"
	case AttrResponseOrigin:
		return "RESPONSE-ORIGIN"
	case AttrOtherAddress:
		return "OTHER-ADDRESS"
	case AttrThirdPartyAuthorization:
		return "THIRD-PARTY-AUTHORIZATION"
	case AttrMobilityTicket:
		return "MOBILITY-TICKET"
	case AttrAdditionalFamilyDraft:
		return "ADDITIONAL-ADDRESS-FAMILY (draft)"
	}
	return ""
}
