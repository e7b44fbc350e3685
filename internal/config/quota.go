package config

// Quota holds the limits; 0 is no limit.
type Quota struct {
	UserAllocations                    int             `yaml:"user_allocations" live:"yes"`
	UserAllocationsPerSecond           int             `yaml:"user_allocations_per_second" live:"yes"`
	UserToPeerBitsPerSecond            int64           `yaml:"user_to_peer_bits_per_second" live:"yes"`
	UserToClientBitsPerSecond          int64           `yaml:"user_to_client_bits_per_second" live:"yes"`
	UserBytes                          int64           `yaml:"user_bytes" live:"yes"`
	UserAllocationAge                  Duration        `yaml:"user_allocation_age" live:"yes"`
	ClientAllocations                  int             `yaml:"client_allocations" live:"yes"`
	ClientAllocationsPerSecond         int             `yaml:"client_allocations_per_second" live:"yes"`
	TenantAllocations                  int             `yaml:"tenant_allocations" live:"yes"`
	TenantToPeerBitsPerSecond          int64           `yaml:"tenant_to_peer_bits_per_second" live:"yes"`
	TenantToClientBitsPerSecond        int64           `yaml:"tenant_to_client_bits_per_second" live:"yes"`
	RealmAllocations                   int             `yaml:"realm_allocations" live:"yes"`
	RealmToPeerBitsPerSecond           int64           `yaml:"realm_to_peer_bits_per_second" live:"yes"`
	RealmToClientBitsPerSecond         int64           `yaml:"realm_to_client_bits_per_second" live:"yes"`
	ServerAllocations                  int             `yaml:"server_allocations" live:"yes"`
	ServerToPeerBitsPerSecond          int64           `yaml:"server_to_peer_bits_per_second" live:"yes"`
	ServerToClientBitsPerSecond        int64           `yaml:"server_to_client_bits_per_second" live:"yes"`
	AllocationToPeerBitsPerSecond      int64           `yaml:"allocation_to_peer_bits_per_second" live:"yes"`
	AllocationToClientBitsPerSecond    int64           `yaml:"allocation_to_client_bits_per_second" live:"yes"`
	AllocationToPeerPacketsPerSecond   int             `yaml:"allocation_to_peer_packets_per_second" live:"yes"`
	AllocationToClientPacketsPerSecond int             `yaml:"allocation_to_client_packets_per_second" live:"yes"`
	AllocationNewPeersPerSecond        int             `yaml:"allocation_new_peers_per_second" live:"yes"`
	AllocationTCPConnections           int             `yaml:"allocation_tcp_connections" live:"yes"`
	UsagePeriod                        Duration        `yaml:"usage_period" live:"yes"`
	BandwidthBurst                     Duration        `yaml:"bandwidth_burst" live:"yes"`
	RedisURL                           Secret          `yaml:"redis_url"`
	RedisURLFile                       string          `yaml:"redis_url_file"`
	RedisLease                         Duration        `yaml:"redis_lease"`
	Overrides                          []QuotaOverride `yaml:"overrides" live:"yes"`
}

// QuotaOverride changes limits for a realm, a tenant or a user: 0 leaves one as it
// is, -1 takes it away.
type QuotaOverride struct {
	Realm                              string   `yaml:"realm"`
	Tenant                             string   `yaml:"tenant"`
	User                               string   `yaml:"user"`
	UserAllocations                    int      `yaml:"user_allocations"`
	UserAllocationsPerSecond           int      `yaml:"user_allocations_per_second"`
	UserToPeerBitsPerSecond            int64    `yaml:"user_to_peer_bits_per_second"`
	UserToClientBitsPerSecond          int64    `yaml:"user_to_client_bits_per_second"`
	UserBytes                          int64    `yaml:"user_bytes"`
	UserAllocationAge                  Duration `yaml:"user_allocation_age"`
	ClientAllocations                  int      `yaml:"client_allocations"`
	ClientAllocationsPerSecond         int      `yaml:"client_allocations_per_second"`
	TenantAllocations                  int      `yaml:"tenant_allocations"`
	TenantToPeerBitsPerSecond          int64    `yaml:"tenant_to_peer_bits_per_second"`
	TenantToClientBitsPerSecond        int64    `yaml:"tenant_to_client_bits_per_second"`
	RealmAllocations                   int      `yaml:"realm_allocations"`
	RealmToPeerBitsPerSecond           int64    `yaml:"realm_to_peer_bits_per_second"`
	RealmToClientBitsPerSecond         int64    `yaml:"realm_to_client_bits_per_second"`
	AllocationToPeerBitsPerSecond      int64    `yaml:"allocation_to_peer_bits_per_second"`
	AllocationToClientBitsPerSecond    int64    `yaml:"allocation_to_client_bits_per_second"`
	AllocationToPeerPacketsPerSecond   int      `yaml:"allocation_to_peer_packets_per_second"`
	AllocationToClientPacketsPerSecond int      `yaml:"allocation_to_client_packets_per_second"`
	AllocationNewPeersPerSecond        int      `yaml:"allocation_new_peers_per_second"`
	AllocationTCPConnections           int      `yaml:"allocation_tcp_connections"`
}
