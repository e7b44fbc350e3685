package wire

// MalformedError says that an attribute's value breaks the format of its type.
// A request that has such an attribute is answered with 400 (RFC 8489
// section 14.8), an indication is dropped.
type MalformedError struct {
	Attribute AttrType
}

func (e MalformedError) Error() string { return "malformed " + e.Attribute.String() }
