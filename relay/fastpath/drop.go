package fastpath

import "syscall"

// DropReason says why a datagram was not forwarded or answered. The numbers are
// shared with programs outside this one: new reasons go to the end.
type DropReason uint8

// The reasons.
const (
	// dropNone: not dropped.
	dropNone DropReason = iota
	// DropUnknownProtocol: neither STUN nor ChannelData (RFC 7983).
	DropUnknownProtocol
	// DropDTLS: a DTLS record on a listener without DTLS.
	DropDTLS
	// DropMalformed: ChannelData whose length does not fit the datagram.
	DropMalformed
	// DropNoAllocation: the client has no live allocation.
	DropNoAllocation
	// DropNoChannel: the channel number is not bound.
	DropNoChannel
	// DropNoPermission: no live permission for the peer, in either direction.
	DropNoPermission
	// DropPeerForbidden: the peer policy refuses the peer's port.
	DropPeerForbidden
	// DropRateToPeer and DropRateToClient: the allocation's token bucket is empty.
	DropRateToPeer
	DropRateToClient
	// DropTooLong: longer than a datagram can be once the header is added, or
	// than a link takes (EMSGSIZE).
	DropTooLong
	// DropSendBufferFull: the socket's queue is full (EAGAIN).
	DropSendBufferFull
	// DropNoBuffers: the system or the device has no room (ENOBUFS, ENOMEM).
	DropNoBuffers
	// DropUnreachable: no way to the destination.
	DropUnreachable
	// DropSendError: any other error of a send.
	DropSendError
	// DropNoListener: the socket towards the client is gone.
	DropNoListener
	// DropClientBacklog: too much waits for a client of TCP or TLS.
	DropClientBacklog
	// DropPacketsToPeer and DropPacketsToClient: more packets than the allocation
	// may have in a second.
	DropPacketsToPeer
	DropPacketsToClient
	// The bandwidth that the allocations of a user, of a tenant, of a realm, or of
	// the whole server share is used up. In the order of Terms.Shared.
	DropUserToPeer
	DropUserToClient
	DropTenantToPeer
	DropTenantToClient
	DropRealmToPeer
	DropRealmToClient
	DropServerToPeer
	DropServerToClient
	// DropDTLSStranger: a DTLS record from where there is no association, and that
	// begins none.
	DropDTLSStranger
	// DropDTLSRecord: a DTLS record that is forged, repeated or malformed.
	DropDTLSRecord
	// DropDTLSCookie: a ClientHello whose cookie is not this server's, or too old.
	DropDTLSCookie
	// DropDTLSHandshake: more than a handshake can take, or than there can be
	// handshakes.
	DropDTLSHandshake
	// DropDTLSPassing: too much of clients that have moved waits for another worker.
	DropDTLSPassing
	// DropPlain: not DTLS, on a listener that takes nothing else.
	DropPlain
	// DropProxyUntrusted: a listener for proxies got a datagram of somebody else.
	DropProxyUntrusted
	// DropProxyHeader: a proxy sent a datagram without a header of the PROXY protocol
	// that can be used.
	DropProxyHeader
	// DropClientDenied and DropClientBanned: Config.Clients does not admit who would
	// begin an association of DTLS, or where one would go on from.
	DropClientDenied
	DropClientBanned

	// NumDropReasons is the number of reasons, for arrays of counters.
	NumDropReasons = int(iota)
)

// dropNames are part of metric names; they do not change.
var dropNames = [NumDropReasons]string{
	dropNone:            "none",
	DropUnknownProtocol: "unknown_protocol",
	DropDTLS:            "dtls",
	DropMalformed:       "malformed",
	DropNoAllocation:    "no_allocation",
	DropNoChannel:       "no_channel",
	DropNoPermission:    "no_permission",
	DropPeerForbidden:   "peer_forbidden",
	DropRateToPeer:      "rate_to_peer",
	DropRateToClient:    "rate_to_client",
	DropTooLong:         "too_long",
	DropSendBufferFull:  "send_buffer_full",
	DropNoBuffers:       "no_buffers",
	DropUnreachable:     "unreachable",
	DropSendError:       "send_error",
	DropNoListener:      "no_listener",
	DropClientBacklog:   "client_backlog",
	DropPacketsToPeer:   "packets_to_peer",
	DropPacketsToClient: "packets_to_client",
	DropUserToPeer:      "user_rate_to_peer",
	DropUserToClient:    "user_rate_to_client",
	DropTenantToPeer:    "tenant_rate_to_peer",
	DropTenantToClient:  "tenant_rate_to_client",
	DropRealmToPeer:     "realm_rate_to_peer",
	DropRealmToClient:   "realm_rate_to_client",
	DropServerToPeer:    "server_rate_to_peer",
	DropServerToClient:  "server_rate_to_client",
	DropDTLSStranger:    "dtls_stranger",
	DropDTLSRecord:      "dtls_record",
	DropDTLSCookie:      "dtls_cookie",
	DropDTLSHandshake:   "dtls_handshake",
	DropDTLSPassing:     "dtls_passing",
	DropPlain:           "plain",
	DropProxyUntrusted:  "proxy_untrusted",
	DropProxyHeader:     "proxy_header",
	DropClientDenied:    "client_denied",
	DropClientBanned:    "client_banned",
}

// String returns the name that metrics use.
func (r DropReason) String() string {
	if int(r) < NumDropReasons {
		return dropNames[r]
	}
	return "invalid"
}

// dropOf gives the reason for a failed send.
func dropOf(errno syscall.Errno) DropReason {
	switch errno {
	case syscall.EAGAIN:
		return DropSendBufferFull
	case syscall.ENOBUFS, syscall.ENOMEM:
		return DropNoBuffers
	case syscall.EMSGSIZE:
		return DropTooLong
	case syscall.ECONNREFUSED, syscall.EHOSTUNREACH, syscall.ENETUNREACH, syscall.EHOSTDOWN, syscall.ENETDOWN:
		return DropUnreachable
	}
	return DropSendError
}

// curable reports whether a request in the same batch may have removed the
// reason by the time it was handled.
func (r DropReason) curable() bool {
	return r == DropNoAllocation || r == DropNoChannel || r == DropNoPermission
}
