package allocation

import "time"

// Config sets the lifetimes and bounds of a Table. Lifetimes are positive; the
// owner checks that before it builds one.
type Config struct {
	// DefaultLifetime and MaxLifetime bound what GrantLifetime grants.
	DefaultLifetime, MaxLifetime time.Duration
	// PermissionLifetime is the time a CreatePermission gives.
	PermissionLifetime time.Duration
	// ChannelLifetime is the time a ChannelBind gives to the binding, and
	// ChannelBindPermissionLifetime the least it leaves to the permission.
	ChannelLifetime, ChannelBindPermissionLifetime time.Duration
	// MaxPermissions and MaxChannels bound one allocation; 0 is no bound.
	MaxPermissions, MaxChannels int
	// WideChannelNumbers accepts the numbers of RFC 5766 (up to 0x7FFF).
	WideChannelNumbers bool
}

// DefaultConfig returns the values of RFC 8656 with 1,024 permissions and
// channels per allocation.
func DefaultConfig() Config {
	return Config{
		DefaultLifetime:               600 * time.Second,  // RFC 8656 section 6
		MaxLifetime:                   3600 * time.Second, // RFC 8656 section 7.2
		PermissionLifetime:            300 * time.Second,  // RFC 8656 section 9
		ChannelLifetime:               600 * time.Second,  // RFC 8656 section 12
		ChannelBindPermissionLifetime: 300 * time.Second,  // RFC 8656 sections 9 and 12.2
		MaxPermissions:                1024,
		MaxChannels:                   1024,
	}
}
