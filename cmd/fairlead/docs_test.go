package main

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/fairlead/fairlead/internal/config"
)

// documentExample is a fenced configuration whose first line names it.
var documentExample = regexp.MustCompile("(?s)```yaml\n# example: (\\S+)\n(.*?)```")

// documentCommand is a line of a fenced block that calls the program.
var documentCommand = regexp.MustCompile(`(?m)^fairlead ((?:ctl|credentials|users list|secrets) .*)$`)

// Every configuration in these documents is valid, and every command in them is
// understood.
func TestDocumentsCanBePasted(t *testing.T) {
	documents, err := filepath.Abs("../../docs")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"CREDENTIALS.md", "CLIENTS.md", "EVENTS.md"} {
		text, err := os.ReadFile(filepath.Join(documents, name))
		if err != nil {
			t.Fatal(err)
		}
		examples := documentExample.FindAllStringSubmatch(string(text), -1)
		commands := documentCommand.FindAllStringSubmatch(string(text), -1)
		if len(examples) == 0 || len(commands) == 0 && name == "CREDENTIALS.md" {
			t.Errorf("%s: got %d examples and %d commands, want some", name, len(examples), len(commands))
		}
		dir := t.TempDir()
		for _, example := range examples {
			file := filepath.Join(dir, example[1])
			if err := os.WriteFile(file, []byte(example[2]), 0o600); err != nil {
				t.Fatal(err)
			}
			if _, _, err := config.Load(config.Options{File: file}); err != nil {
				t.Errorf("%s: %s: %v", name, example[1], err)
			}
		}
		t.Chdir(dir)
		for _, command := range commands {
			var out, errs strings.Builder
			// Nobody listens at the sockets of the examples.
			if code := run(strings.Fields(command[1]), &out, &errs); code == exitUsage || code == exitFailed && !strings.Contains(errs.String(), "reach the admin API") {
				t.Errorf("%s: fairlead %s: got exit code %d: %s", name, command[1], code, errs.String())
			}
		}
	}
}
