package authn

import (
	"errors"
	"fmt"
)

// userKeys computes the key of every static user, by prepared name. It returns
// every problem; none of them contains a password or a key.
func userKeys(users []User, realm string) (map[string]Key, error) {
	var problems []error
	keys := make(map[string]Key, len(users))
	entry := make(map[string]int, len(users))
	for i, u := range users {
		name, err := prepareUsername(u.Name)
		if err != nil {
			problems = append(problems, fmt.Errorf("users[%d]: name %w", i, err))
			continue
		}
		if j, taken := entry[name]; taken {
			problems = append(problems, fmt.Errorf("users[%d]: name %q repeats users[%d]", i, name, j))
			continue
		}
		entry[name] = i
		key, err := u.key(name, realm)
		if err != nil {
			problems = append(problems, fmt.Errorf("users[%d]: %w", i, err))
			continue
		}
		keys[name] = key
	}
	return keys, errors.Join(problems...)
}

// key returns the user's key under its prepared name.
func (u User) key(name, realm string) (Key, error) {
	isReady := u.Key != Key{}
	switch {
	case isReady && u.Password != "":
		return Key{}, errors.New("has both a password and a key")
	case isReady:
		return u.Key.sealed(), nil
	case u.Password == "":
		return Key{}, errors.New("has neither a password nor a key")
	}
	return LongTermKey(name, realm, u.Password)
}
