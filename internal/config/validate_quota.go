package config

import (
	"fmt"
	"net/url"
	"time"
)

const (
	mostCount = 1_000_000_000
	mostBytes = 1 << 60
	mostAge   = Duration(365 * 24 * time.Hour)
)

func (v *validator) quota() {
	q := v.config.Quota
	v.between("quota.user_allocations", int64(q.UserAllocations), 0, mostCount)
	v.between("quota.user_allocations_per_second", int64(q.UserAllocationsPerSecond), 0, mostCount)
	v.between("quota.client_allocations", int64(q.ClientAllocations), 0, mostCount)
	v.between("quota.client_allocations_per_second", int64(q.ClientAllocationsPerSecond), 0, mostCount)
	v.between("quota.tenant_allocations", int64(q.TenantAllocations), 0, mostCount)
	v.between("quota.realm_allocations", int64(q.RealmAllocations), 0, mostCount)
	v.between("quota.server_allocations", int64(q.ServerAllocations), 0, mostCount)
	v.between("quota.allocation_to_peer_packets_per_second", int64(q.AllocationToPeerPacketsPerSecond), 0, mostCount)
	v.between("quota.allocation_to_client_packets_per_second", int64(q.AllocationToClientPacketsPerSecond), 0, mostCount)
	v.between("quota.allocation_new_peers_per_second", int64(q.AllocationNewPeersPerSecond), 0, mostCount)
	v.between("quota.allocation_tcp_connections", int64(q.AllocationTCPConnections), 0, mostCount)
	v.rate("quota.user_to_peer_bits_per_second", q.UserToPeerBitsPerSecond)
	v.rate("quota.user_to_client_bits_per_second", q.UserToClientBitsPerSecond)
	v.rate("quota.tenant_to_peer_bits_per_second", q.TenantToPeerBitsPerSecond)
	v.rate("quota.tenant_to_client_bits_per_second", q.TenantToClientBitsPerSecond)
	v.rate("quota.realm_to_peer_bits_per_second", q.RealmToPeerBitsPerSecond)
	v.rate("quota.realm_to_client_bits_per_second", q.RealmToClientBitsPerSecond)
	v.rate("quota.server_to_peer_bits_per_second", q.ServerToPeerBitsPerSecond)
	v.rate("quota.server_to_client_bits_per_second", q.ServerToClientBitsPerSecond)
	v.rate("quota.allocation_to_peer_bits_per_second", q.AllocationToPeerBitsPerSecond)
	v.rate("quota.allocation_to_client_bits_per_second", q.AllocationToClientBitsPerSecond)
	v.between("quota.user_bytes", q.UserBytes, 0, mostBytes)
	v.lasts("quota.user_allocation_age", q.UserAllocationAge, 0, mostAge)
	v.lasts("quota.usage_period", q.UsagePeriod, seconds(60), mostAge)
	v.lasts("quota.bandwidth_burst", q.BandwidthBurst, Duration(time.Millisecond), seconds(60))
	v.lasts("quota.redis_lease", q.RedisLease, seconds(5), seconds(3600))
	v.redis()
	v.overrides()
}

// redis checks the URL, which may hold a password and is not shown.
func (v *validator) redis() {
	text := v.config.Quota.RedisURL
	if text == "" {
		return
	}
	parsed, err := url.Parse(text.Reveal())
	isUnix := err == nil && parsed.Scheme == "unix" && parsed.Path != ""
	isTCP := err == nil && (parsed.Scheme == "redis" || parsed.Scheme == "rediss") && parsed.Host != ""
	if !isUnix && !isTCP {
		v.reject("quota.redis_url", text, "must be redis://[user:password@]host:port/database, rediss://... for TLS, or unix://[user:password@]/path/of/the/socket")
	}
}

func (v *validator) rate(path string, bitsPerSecond int64) {
	const least, most = 1000, 1_000_000_000_000
	if bitsPerSecond != 0 && (bitsPerSecond < least || bitsPerSecond > most) {
		v.reject(path, bitsPerSecond, "must be 0 (no limit) or from %d to %d; the unit is bits per second", least, most)
	}
}

// overrideRate is a rate that may also be taken away.
func (v *validator) overrideRate(path string, bitsPerSecond int64) {
	if bitsPerSecond != -1 {
		v.rate(path, bitsPerSecond)
	}
}

func (v *validator) overrides() {
	first := make(map[[3]string]int)
	for i, o := range v.config.Quota.Overrides {
		path := fmt.Sprintf("quota.overrides[%d]", i)
		whom := [3]string{o.Realm, o.Tenant, o.User}
		if j, taken := first[whom]; taken {
			v.reject(path, nil, "is for the same realm, tenant and user as quota.overrides[%d]: put all limits into one", j)
			continue
		}
		first[whom] = i
		v.override(path, &o)
	}
}

func (v *validator) override(path string, o *QuotaOverride) {
	if o.Realm == "" && o.Tenant == "" && o.User == "" {
		v.reject(path, nil, "must name a realm, a tenant or a user; limits for everybody stand in quota itself")
	}
	if _, known := v.config.RealmOf(o.Realm); !known {
		v.reject(path+".realm", o.Realm, "must be auth.realm or the name of one of realms")
	}
	// A limit that several holders share cannot differ by one of them.
	if o.User != "" && (o.TenantAllocations != 0 || o.TenantToPeerBitsPerSecond != 0 || o.TenantToClientBitsPerSecond != 0) {
		v.reject(path, o.User, "sets a limit of the whole tenant for one user: put it into an override without a user")
	}
	if (o.User != "" || o.Tenant != "") && (o.RealmAllocations != 0 || o.RealmToPeerBitsPerSecond != 0 || o.RealmToClientBitsPerSecond != 0) {
		v.reject(path, nil, "sets a limit of the whole realm for one tenant or user: put it into an override with the realm only")
	}
	v.between(path+".user_allocations", int64(o.UserAllocations), -1, mostCount)
	v.between(path+".user_allocations_per_second", int64(o.UserAllocationsPerSecond), -1, mostCount)
	v.between(path+".client_allocations", int64(o.ClientAllocations), -1, mostCount)
	v.between(path+".client_allocations_per_second", int64(o.ClientAllocationsPerSecond), -1, mostCount)
	v.between(path+".tenant_allocations", int64(o.TenantAllocations), -1, mostCount)
	v.between(path+".realm_allocations", int64(o.RealmAllocations), -1, mostCount)
	v.between(path+".allocation_to_peer_packets_per_second", int64(o.AllocationToPeerPacketsPerSecond), -1, mostCount)
	v.between(path+".allocation_to_client_packets_per_second", int64(o.AllocationToClientPacketsPerSecond), -1, mostCount)
	v.between(path+".allocation_new_peers_per_second", int64(o.AllocationNewPeersPerSecond), -1, mostCount)
	v.between(path+".allocation_tcp_connections", int64(o.AllocationTCPConnections), -1, mostCount)
	v.overrideRate(path+".user_to_peer_bits_per_second", o.UserToPeerBitsPerSecond)
	v.overrideRate(path+".user_to_client_bits_per_second", o.UserToClientBitsPerSecond)
	v.overrideRate(path+".tenant_to_peer_bits_per_second", o.TenantToPeerBitsPerSecond)
	v.overrideRate(path+".tenant_to_client_bits_per_second", o.TenantToClientBitsPerSecond)
	v.overrideRate(path+".realm_to_peer_bits_per_second", o.RealmToPeerBitsPerSecond)
	v.overrideRate(path+".realm_to_client_bits_per_second", o.RealmToClientBitsPerSecond)
	v.overrideRate(path+".allocation_to_peer_bits_per_second", o.AllocationToPeerBitsPerSecond)
	v.overrideRate(path+".allocation_to_client_bits_per_second", o.AllocationToClientBitsPerSecond)
	v.between(path+".user_bytes", o.UserBytes, -1, mostBytes)
	v.lasts(path+".user_allocation_age", o.UserAllocationAge, 0, mostAge)
}
