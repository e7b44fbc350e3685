package quota

// Kind says whom an account is of. The order is that of the checks: from the
// whole server down to one user, and the client's address last.
type Kind uint8

const (
	KindServer Kind = iota
	KindRealm
	KindTenant
	KindUser
	KindClient
	NumKinds // how many there are
)

// Direction is the way that a payload takes; it indexes the pairs of this
// package.
type Direction uint8

const (
	ToPeer Direction = iota
	ToClient
	NumDirections // how many there are
)
