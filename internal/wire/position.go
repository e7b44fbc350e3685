package wire

// position is the place of a walk relative to the integrity attributes. What
// follows MESSAGE-INTEGRITY is not protected, so it must not count; only
// MESSAGE-INTEGRITY-SHA256 and FINGERPRINT may follow (RFC 8489 sections 14.5
// and 14.6).
type position uint8

const (
	beforeIntegrity position = iota
	afterSHA1
	afterSHA256 // and no MESSAGE-INTEGRITY before it
)

// counts reports whether an attribute of type t counts here, and moves on.
func (p *position) counts(t AttrType) bool {
	switch *p {
	case afterSHA1:
		return t == AttrMessageIntegritySHA256 || t == AttrFingerprint
	case afterSHA256:
		return t == AttrFingerprint
	}
	switch t {
	case AttrMessageIntegrity:
		*p = afterSHA1
	case AttrMessageIntegritySHA256:
		*p = afterSHA256
	}
	return true
}
