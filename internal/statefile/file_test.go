package statefile_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/fairlead/fairlead/internal/statefile"
)

func TestFileKeepsWhatWasSaved(t *testing.T) {
	dir := t.TempDir()
	f := statefile.In[[]string](dir, "list.json")
	got, err := f.Load()
	if err != nil || got != nil {
		t.Fatalf("got %v, %v before the first save, want nothing", got, err)
	}
	for _, want := range [][]string{{"one"}, {"one", "two"}, {}} {
		if err := f.Save(want); err != nil {
			t.Fatal(err)
		}
		got, err := statefile.In[[]string](dir, "list.json").Load()
		if diff := cmp.Diff(want, got); err != nil || diff != "" {
			t.Errorf("%v, differs (-want +got):\n%s", err, diff)
		}
	}
	info, err := os.Stat(filepath.Join(dir, "list.json"))
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("got %v, %v, want a file for its owner only", info.Mode(), err)
	}
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) != 1 {
		t.Errorf("got %d files, %v, want no leftovers", len(entries), err)
	}
}

func TestFileReportsWhatItCannotUse(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "list.json"), []byte("[\"cut"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := statefile.In[[]string](dir, "list.json").Load(); err == nil || !strings.Contains(err.Error(), "list.json") {
		t.Errorf("half a file: got %v, want an error that names it", err)
	}
	missing := statefile.In[[]string](filepath.Join(dir, "none"), "list.json")
	if err := missing.Save(nil); err == nil {
		t.Error("a directory that does not exist: got no error")
	}
}
