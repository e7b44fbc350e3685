package wire

import (
	"fmt"

	"github.com/pion/stun/v3"
)

// Decode hands a message that passed Walk to pion/stun, in its strict mode for
// what follows an integrity attribute. The bytes are copied; into is reused.
func (m *Message) Decode(into *stun.Message) error {
	stun.WithStrict(true)(into)
	if err := stun.Decode(m.Raw, into); err != nil {
		return fmt.Errorf("decode %s %s: %w", m.Method, m.Class, err)
	}
	return nil
}
