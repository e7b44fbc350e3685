package bench

// Direction says which way the packets of a burst travel.
type Direction string

// The two directions.
const (
	ToPeer   Direction = "up"   // client to peer
	ToClient Direction = "down" // peer to client
)
