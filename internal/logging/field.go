package logging

import (
	"fmt"
	"net/netip"

	"go.uber.org/zap"
)

// Client is the client's transport address as the server sees it.
func Client(addr netip.AddrPort) zap.Field { return zap.Stringer("client", addr) }

// Server is the server's transport address that the client talks to.
func Server(addr netip.AddrPort) zap.Field { return zap.Stringer("server", addr) }

// Relayed is a relayed transport address.
func Relayed(addr netip.AddrPort) zap.Field { return zap.Stringer("relayed", addr) }

// Peer is a peer's transport address.
func Peer(addr netip.AddrPort) zap.Field { return zap.Stringer("peer", addr) }

// Realm is the realm a request was authenticated in.
func Realm(realm string) zap.Field { return zap.String("realm", realm) }

// Username is the USERNAME of a request, or the identity derived from it.
func Username(name string) zap.Field { return zap.String("username", name) }

// Allocation is the number an allocation has on its worker.
func Allocation(id uint32) zap.Field { return zap.Uint32("alloc", id) }

// Channel is a channel number.
func Channel(number uint16) zap.Field { return zap.Uint16("chan", number) }

// Method is a STUN method.
func Method(method fmt.Stringer) zap.Field { return zap.Stringer("method", method) }

// Code is a STUN error code.
func Code(code int) zap.Field { return zap.Int("code", code) }

// Reason is why something was refused, dropped or ended.
func Reason(reason fmt.Stringer) zap.Field { return zap.Stringer("reason", reason) }

// Err is an error.
func Err(err error) zap.Field { return zap.NamedError("err", err) }

// suppressed counts the lines that a Limited held back.
func suppressed(lines int) zap.Field { return zap.Int("suppressed", lines) }
