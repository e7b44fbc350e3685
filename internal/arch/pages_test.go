package arch_test

import (
	"os"
	"regexp"
	"testing"
)

// TestPagesNameRealTests keeps the pages honest that name a test for each claim.
func TestPagesNameRealTests(t *testing.T) {
	real := map[string]bool{}
	declared := regexp.MustCompile(`(?m)^func ((?:Test|Fuzz)\w+)\(`)
	for _, f := range sources(t) {
		for _, match := range declared.FindAllStringSubmatch(f.text, -1) {
			real[match[1]] = true
		}
	}
	for _, page := range []string{"docs/SECURITY.md", "docs/RFC-COVERAGE.md"} {
		text, err := os.ReadFile("../../" + page)
		if err != nil {
			t.Fatal(err)
		}
		claimed := regexp.MustCompile(`\b((?:Test|Fuzz)[A-Z]\w+)`).FindAllStringSubmatch(string(text), -1)
		if len(claimed) == 0 {
			t.Errorf("%s names no test", page)
		}
		for _, match := range claimed {
			if !real[match[1]] {
				t.Errorf("%s names %s, which is not in the tree", page, match[1])
			}
		}
	}
}

// TestCoverageNamesRealFiles does the same for the files that RFC-COVERAGE names.
func TestCoverageNamesRealFiles(t *testing.T) {
	text, err := os.ReadFile("../../docs/RFC-COVERAGE.md")
	if err != nil {
		t.Fatal(err)
	}
	named := regexp.MustCompile("`([a-z][a-z0-9_]*/[a-z0-9_/]+\\.go)`").FindAllStringSubmatch(string(text), -1)
	if len(named) == 0 {
		t.Error("no file is named")
	}
	for _, match := range named {
		if _, err := os.Stat("../../" + match[1]); err != nil {
			t.Error(err)
		}
	}
}
