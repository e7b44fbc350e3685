package fastpath

// Transport is the protocol between a client and this server.
type Transport uint8

// The transports that workers serve.
const (
	TransportUDP Transport = iota
	TransportTCP
	TransportTLS
	TransportDTLS
)
