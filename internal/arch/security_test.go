package arch_test

import (
	"os"
	"regexp"
	"testing"
)

// TestSecurityPageNamesRealTests keeps docs/SECURITY.md honest: a test that it
// claims must be there.
func TestSecurityPageNamesRealTests(t *testing.T) {
	page, err := os.ReadFile("../../docs/SECURITY.md")
	if err != nil {
		t.Fatal(err)
	}
	real := map[string]bool{}
	declared := regexp.MustCompile(`(?m)^func ((?:Test|Fuzz)\w+)\(`)
	for _, f := range sources(t) {
		for _, match := range declared.FindAllStringSubmatch(f.text, -1) {
			real[match[1]] = true
		}
	}
	claimed := regexp.MustCompile("`((?:Test|Fuzz)\\w+)`").FindAllStringSubmatch(string(page), -1)
	if len(claimed) == 0 {
		t.Fatal("docs/SECURITY.md names no test")
	}
	for _, match := range claimed {
		if !real[match[1]] {
			t.Errorf("docs/SECURITY.md names %s, which is not in the tree", match[1])
		}
	}
}
