package arch_test

import (
	"go/ast"
	"slices"
	"strings"
	"testing"
)

// maxLines is where a file stops being one thing.
const maxLines = 600

func TestFilesStayShort(t *testing.T) {
	for _, f := range sources(t) {
		if !f.isTest() && !f.isGenerated() && f.lines > maxLines {
			t.Errorf("%s has %d lines, more than %d: split it by the nouns inside", f.path, f.lines, maxLines)
		}
	}
}

func TestFileNamesAreNouns(t *testing.T) {
	bags := []string{"utils.go", "util.go", "helpers.go", "helper.go", "misc.go", "types.go", "common.go"}
	for _, f := range sources(t) {
		if name := f.path[strings.LastIndex(f.path, "/")+1:]; slices.Contains(bags, name) {
			t.Errorf("%s: name the file after what is inside", f.path)
		}
	}
}

func TestEveryPackageSaysWhatItIsFor(t *testing.T) {
	documented := map[string]int{}
	for _, f := range sources(t) {
		if f.isTest() {
			continue
		}
		documented[f.pkg()] += 0
		if f.ast.Doc != nil {
			documented[f.pkg()]++
		}
	}
	for pkg, comments := range documented {
		if comments != 1 {
			t.Errorf("package %s has %d package comments, want exactly 1 (in doc.go)", pkg, comments)
		}
	}
}

func TestUnsafeIsNamed(t *testing.T) {
	for _, f := range sources(t) {
		if !f.isTest() && slices.Contains(f.imports(), "unsafe") && !strings.Contains(f.path, "unsafe") {
			t.Errorf("%s imports unsafe; such a file is called *_unsafe.go or *_unsafe_linux.go", f.path)
		}
	}
}

func TestNoTestSkipsItself(t *testing.T) {
	for _, f := range sources(t) {
		if !f.isTest() {
			continue
		}
		ast.Inspect(f.ast, func(n ast.Node) bool {
			if call, ok := n.(*ast.SelectorExpr); ok && slices.Contains([]string{"Skip", "Skipf", "SkipNow"}, call.Sel.Name) {
				t.Errorf("%s calls %s: a test that needs something special carries a build tag instead", f.path, call.Sel.Name)
			}
			return true
		})
	}
}

func TestNoSecondWayToReadConfiguration(t *testing.T) {
	for _, f := range sources(t) {
		if f.isTest() || f.pkg() == "internal/config" || f.pkg() == "cmd/fairlead" || strings.HasPrefix(f.pkg(), "internal/e2e") || f.pkg() == "internal/testnet" {
			continue
		}
		for _, call := range []string{"os.Getenv(", "os.LookupEnv(", "os.Environ("} {
			if strings.Contains(f.text, call) {
				t.Errorf("%s calls %s): configuration enters through internal/config only", f.path, call)
			}
		}
	}
}
