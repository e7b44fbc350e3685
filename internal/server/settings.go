package server

import (
	"net/netip"

	"github.com/fairlead/fairlead/allocation"
	"github.com/fairlead/fairlead/authn"
	"github.com/fairlead/fairlead/quota"
)

// Settings is what a reload may change. It is immutable once given to a
// Server; the next reload brings the next value.
type Settings struct {
	// Authenticator knows the users and secrets of the main realm, which every
	// client gets whom no entry of Realms claims.
	Authenticator *authn.Authenticator
	// Realms are further protection spaces.
	Realms []Realm
	// Tenants change the peer rules for some of the clients of a realm.
	Tenants []Tenant
	// Quota limits allocations and their bandwidth, and QuotaOverrides changes
	// that for realms, tenants and users.
	Quota          quota.Limits
	QuotaOverrides []quota.Override
	// Allocation holds the lifetimes and the caps of one allocation.
	Allocation allocation.Config
	// Mobility lets clients keep an allocation when their address changes (RFC 8016).
	Mobility bool
	// AllowPeers and DenyPeers are the configured peer rules of everybody.
	AllowPeers, DenyPeers []allocation.Rule
	// Protected can never be reached through a relay, whatever AllowPeers says:
	// the server's own listeners and its administration. An unspecified address
	// stands for every address of this host.
	Protected []netip.AddrPort
	// STUNOnly serves Binding requests and relays for nobody; NoBinding leaves
	// Binding requests without an answer.
	STUNOnly, NoBinding bool
	// Software is the value of the SOFTWARE attribute; empty leaves it out.
	Software string
	// RedirectAbove is the number of live allocations from which on clients are
	// sent to another server, if there is one; 0: Quota.ServerAllocations.
	RedirectAbove int
	// MappedAddress adds MAPPED-ADDRESS to Binding answers, for clients from
	// before RFC 5389.
	MappedAddress bool

	realms realms // built by Server.prepare
}

// RelayAddress is a local address that relayed transport addresses are
// opened on.
type RelayAddress struct {
	// Local is bound.
	Local netip.Addr
	// External is what clients are told, where a 1:1 NAT stands in front;
	// the zero value means Local itself.
	External netip.Addr
}

// FamilyDefault says which address family an Allocate request without
// REQUESTED-ADDRESS-FAMILY gets.
type FamilyDefault uint8

const (
	// FamilyDefaultIPv4 is what RFC 8656 section 7.2 asks for.
	FamilyDefaultIPv4 FamilyDefault = iota
	// FamilyDefaultIPv6 always relays by IPv6.
	FamilyDefaultIPv6
	// FamilyDefaultClient takes the family that the client itself uses.
	FamilyDefaultClient
)
