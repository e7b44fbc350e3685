package authn

import (
	"fmt"
	"io"
)

// redacted is all that a key, a secret, or what holds one ever prints.
//
// Format covers every verb of fmt (String alone leaves %d and %#v open) and
// MarshalText covers JSON, YAML and zap.Any.
const redacted = "***"

func redact(s fmt.State) { _, _ = io.WriteString(s, redacted) }

// String returns ***.
func (Key) String() string { return redacted }

// Format prints ***.
func (Key) Format(s fmt.State, _ rune) { redact(s) }

// MarshalText returns ***.
func (Key) MarshalText() ([]byte, error) { return []byte(redacted), nil }

// String returns ***.
func (Secret) String() string { return redacted }

// Format prints ***.
func (Secret) Format(s fmt.State, _ rune) { redact(s) }

// MarshalText returns ***.
func (Secret) MarshalText() ([]byte, error) { return []byte(redacted), nil }

// String returns ***.
func (TokenKey) String() string { return redacted }

// Format prints ***.
func (TokenKey) Format(s fmt.State, _ rune) { redact(s) }

// MarshalText returns ***.
func (TokenKey) MarshalText() ([]byte, error) { return []byte(redacted), nil }

// String returns ***.
func (User) String() string { return redacted }

// Format prints ***.
func (User) Format(s fmt.State, _ rune) { redact(s) }

// MarshalText returns ***.
func (User) MarshalText() ([]byte, error) { return []byte(redacted), nil }

// Format prints ***.
func (*Secrets) Format(s fmt.State, _ rune) { redact(s) }

// Format prints ***.
func (*Authenticator) Format(s fmt.State, _ rune) { redact(s) }
