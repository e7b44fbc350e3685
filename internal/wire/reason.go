package wire

// Reason says why a datagram is not a message that can be processed. It is
// meant for counters: small, dense and with stable names.
type Reason uint8

// The verdicts of Walk, ParseSend and ParseChannelData.
const (
	// OK: the datagram can be processed.
	OK Reason = iota
	// ReasonShort: shorter than its protocol's header.
	ReasonShort
	// ReasonType: the first two bits are not those of the protocol, or a Send
	// indication was expected and this is another message.
	ReasonType
	// ReasonCookie: no magic cookie; this includes classic STUN (RFC 3489).
	ReasonCookie
	// ReasonLength: the length field does not fit the datagram.
	ReasonLength
	// ReasonTruncatedAttribute: an attribute reaches over the message's end.
	ReasonTruncatedAttribute
	// ReasonFingerprint: FINGERPRINT is wrong, or not the last attribute.
	ReasonFingerprint
	// ReasonMissingAttribute: an indication lacks an attribute that it must have.
	ReasonMissingAttribute
	// ReasonMalformedAttribute: an indication has an attribute with a bad value.
	ReasonMalformedAttribute
	// ReasonUnknownAttribute: an indication has a comprehension-required
	// attribute that is not understood (RFC 8489 section 6.3.2: discard).
	ReasonUnknownAttribute

	// NumReasons is the number of reasons, for arrays of counters.
	NumReasons = int(iota)
)

// reasonNames are part of metric names; they do not change.
var reasonNames = [NumReasons]string{
	OK:                       "ok",
	ReasonShort:              "short",
	ReasonType:               "type",
	ReasonCookie:             "cookie",
	ReasonLength:             "length",
	ReasonTruncatedAttribute: "truncated_attribute",
	ReasonFingerprint:        "fingerprint",
	ReasonMissingAttribute:   "missing_attribute",
	ReasonMalformedAttribute: "malformed_attribute",
	ReasonUnknownAttribute:   "unknown_attribute",
}

// String returns the name that metrics and logs use.
func (r Reason) String() string {
	if int(r) < NumReasons {
		return reasonNames[r]
	}
	return "invalid"
}
