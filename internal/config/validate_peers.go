package config

import (
	"errors"
	"fmt"

	"github.com/fairlead/fairlead/allocation"
)

func (v *validator) peers() {
	v.rules("peers.allow", v.config.Peers.Allow)
	v.rules("peers.deny", v.config.Peers.Deny)
}

func (v *validator) rules(path string, rules []string) {
	for i, text := range rules {
		if _, err := allocation.ParseRule(text); err != nil {
			v.reject(fmt.Sprintf("%s[%d]", path, i), text, "%s", ruleOf(err))
		}
	}
}

// ruleOf leaves out what ParseRule says about the text; the problem shows it.
func ruleOf(err error) string {
	if cause := errors.Unwrap(err); cause != nil {
		return cause.Error()
	}
	return err.Error()
}
