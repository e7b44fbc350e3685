package config

// Config is the whole configuration. It is immutable once Load returned it.
// The meaning of every key stands in configs/fairlead.yaml.
type Config struct {
	Listeners  []Listener `yaml:"listeners"`
	PublicHost string     `yaml:"public_host" live:"yes"`
	Workers    int        `yaml:"workers"`
	TLS        TLS        `yaml:"tls"`
	Sockets    Sockets    `yaml:"sockets"`
	Streams    Streams    `yaml:"streams"`
	Relay      Relay      `yaml:"relay"`
	TCPRelay   TCPRelay   `yaml:"tcp_relay"`
	Allocation Allocation `yaml:"allocation"`
	Auth       Auth       `yaml:"auth"`
	Realms     []Realm    `yaml:"realms" live:"yes"`
	Tenants    []Tenant   `yaml:"tenants" live:"yes"`
	Clients    Clients    `yaml:"clients"`
	Peers      Peers      `yaml:"peers"`
	Quota      Quota      `yaml:"quota"`
	STUN       STUN       `yaml:"stun"`
	Discovery  Discovery  `yaml:"nat_discovery"`
	Alternates Alternates `yaml:"alternates"`
	Drain      Drain      `yaml:"drain"`
	Monitoring Monitoring `yaml:"monitoring"`
	Admin      Admin      `yaml:"admin"`

	CredentialEndpoint CredentialEndpoint `yaml:"credential_endpoint"`
	Events             Events             `yaml:"events"`

	StateDir string `yaml:"state_dir"`
	Log      Log    `yaml:"log"`

	origins map[string]Origin // by path, list elements included
	unused  []string          // FAIRLEAD_* variables that no key takes
}

// Listener is a transport address that clients talk to.
type Listener struct {
	Address        string   `yaml:"address"`
	Transport      string   `yaml:"transport"`
	ProxyProtocol  bool     `yaml:"proxy_protocol"`
	TrustedProxies []string `yaml:"trusted_proxies"`

	PassTo            string   `yaml:"pass_to"`
	PassServerNames   []string `yaml:"pass_server_names"`
	PassProxyProtocol bool     `yaml:"pass_proxy_protocol"`
}

// TLS says by which certificates the server proves who it is.
type TLS struct {
	Certificates []Certificate `yaml:"certificates" live:"yes"`
	MinVersion   string        `yaml:"min_version"`
	ACME         ACME          `yaml:"acme"`
}

// ACME says which certificates to get from an authority, and how to prove that
// the domains are ours.
type ACME struct {
	Domains          []string `yaml:"domains"`
	Email            string   `yaml:"email"`
	Directory        string   `yaml:"directory"`
	RootsFile        string   `yaml:"roots_file"`
	Storage          string   `yaml:"storage"`
	Challenge        string   `yaml:"challenge"`
	ChallengeAddress string   `yaml:"challenge_address"`
}

// Certificate names a certificate chain and its private key. Relative names
// start at the directory of the configuration file; Read resolves them.
type Certificate struct {
	CertificateFile string `yaml:"certificate_file"`
	KeyFile         string `yaml:"key_file"`
}

// Sockets holds the kernel buffers of the sockets, in bytes, of which 0 leaves
// the kernel's default, and the switches of its UDP offloads.
type Sockets struct {
	ReceiveBufferBytes      int    `yaml:"receive_buffer_bytes"`
	SendBufferBytes         int    `yaml:"send_buffer_bytes"`
	RelayReceiveBufferBytes int    `yaml:"relay_receive_buffer_bytes"`
	RelaySendBufferBytes    int    `yaml:"relay_send_buffer_bytes"`
	Freebind                bool   `yaml:"freebind"`
	GSO                     string `yaml:"gso" live:"yes"`
	GRO                     string `yaml:"gro" live:"yes"`
}

// Relay says where relayed transport addresses come from.
type Relay struct {
	Addresses            []RelayAddress `yaml:"addresses"`
	MinPort              int            `yaml:"min_port"`
	MaxPort              int            `yaml:"max_port"`
	DefaultAddressFamily string         `yaml:"default_address_family"`
	ICMPIndications      bool           `yaml:"icmp_indications"`
}

// RelayAddress is a local address to relay from, and the address that a 1:1
// NAT in front turns it into.
type RelayAddress struct {
	Address         string `yaml:"address"`
	ExternalAddress string `yaml:"external_address"`
}

// Allocation holds the lifetimes of RFC 8656 and the caps of one allocation.
type Allocation struct {
	DefaultLifetime               Duration `yaml:"default_lifetime" live:"yes"`
	MaxLifetime                   Duration `yaml:"max_lifetime" live:"yes"`
	PermissionLifetime            Duration `yaml:"permission_lifetime" live:"yes"`
	ChannelLifetime               Duration `yaml:"channel_lifetime" live:"yes"`
	ChannelBindPermissionLifetime Duration `yaml:"channel_bind_permission_lifetime" live:"yes"`
	MaxPermissions                int      `yaml:"max_permissions" live:"yes"`
	MaxChannels                   int      `yaml:"max_channels" live:"yes"`
	WideChannelNumbers            bool     `yaml:"wide_channel_numbers"`
	Mobility                      bool     `yaml:"mobility" live:"yes"`
}

// Auth says who may relay.
type Auth struct {
	Realm                           string         `yaml:"realm"`
	Users                           []User         `yaml:"users" live:"yes"`
	Secrets                         []SharedSecret `yaml:"secrets" live:"yes"`
	Stores                          []Store        `yaml:"stores" live:"yes"`
	OAuth                           OAuth          `yaml:"oauth"`
	Expiry                          string         `yaml:"expiry" live:"yes"`
	ExpiryGrace                     Duration       `yaml:"expiry_grace" live:"yes"`
	ClockSkew                       Duration       `yaml:"clock_skew" live:"yes"`
	MaxTimeToLive                   Duration       `yaml:"max_time_to_live" live:"yes"`
	SecurityFeatures                bool           `yaml:"security_features" live:"yes"`
	NonceLifetime                   Duration       `yaml:"nonce_lifetime"`
	NonceKey                        Secret         `yaml:"nonce_key"`
	NonceKeyFile                    string         `yaml:"nonce_key_file"`
	UnauthenticatedAnswersPerSecond int            `yaml:"unauthenticated_answers_per_second"`
	Anonymous                       bool           `yaml:"anonymous" live:"yes"`
}

// User is a static user with a password or the key derived from it.
type User struct {
	Name         string `yaml:"name"`
	Password     Secret `yaml:"password"`
	PasswordFile string `yaml:"password_file"`
	Key          Secret `yaml:"key"`
	KeyFile      string `yaml:"key_file"`
}

// SharedSecret issues and checks REST credentials.
type SharedSecret struct {
	Name      string `yaml:"name"`
	Tenant    string `yaml:"tenant"`
	Value     Secret `yaml:"value"`
	ValueFile string `yaml:"value_file"`
}

// Peers holds the configured rules of the peer policy.
type Peers struct {
	Allow []string `yaml:"allow" live:"yes"`
	Deny  []string `yaml:"deny" live:"yes"`
}

// STUN holds which STUN requests are answered, and what concerns every answer.
type STUN struct {
	Only          bool   `yaml:"only" live:"yes"`
	Binding       bool   `yaml:"binding" live:"yes"`
	Software      string `yaml:"software" live:"yes"`
	MappedAddress bool   `yaml:"mapped_address" live:"yes"`
}

// Monitoring is the HTTP listener for metrics and health.
type Monitoring struct {
	Address string `yaml:"address"`
}

// Admin is the HTTP listener of the API that changes the running server.
type Admin struct {
	Address   string `yaml:"address"`
	Token     Secret `yaml:"token"`
	TokenFile string `yaml:"token_file"`
}

// CredentialEndpoint is the HTTP listener that hands out REST credentials.
type CredentialEndpoint struct {
	Address        string   `yaml:"address"`
	HTTPS          bool     `yaml:"https"`
	AllowedOrigins []string `yaml:"allowed_origins" live:"yes"`
	Keys           []APIKey `yaml:"keys" live:"yes"`
}

// APIKey lets an application ask for credentials.
type APIKey struct {
	Name              string   `yaml:"name"`
	Key               Secret   `yaml:"key"`
	KeyFile           string   `yaml:"key_file"`
	Realm             string   `yaml:"realm"`
	Tenant            string   `yaml:"tenant"`
	MaxTimeToLive     Duration `yaml:"max_time_to_live"`
	RequestsPerSecond int      `yaml:"requests_per_second"`
	MayRevoke         bool     `yaml:"may_revoke"`
}

// Events says who hears about allocations.
type Events struct {
	Log     bool         `yaml:"log"`
	Webhook EventWebhook `yaml:"webhook"`
	Redis   EventRedis   `yaml:"redis"`
}

// EventWebhook posts events to a URL, signed.
type EventWebhook struct {
	URL        string `yaml:"url"`
	Secret     Secret `yaml:"secret"`
	SecretFile string `yaml:"secret_file"`
}

// EventRedis publishes events to a Redis server. Its URL may hold a password.
type EventRedis struct {
	URL            Secret `yaml:"url"`
	URLFile        string `yaml:"url_file"`
	Channel        string `yaml:"channel"`
	CoturnChannels bool   `yaml:"coturn_channels"`
}

// Log says what is logged and how.
type Log struct {
	Level  string `yaml:"level" live:"yes"`
	Format string `yaml:"format"`
}
