package main

import (
	"fmt"
	"strings"

	"github.com/fairlead/fairlead/internal/config"
)

const intro = `<!-- Generated from configs/fairlead.yaml by "make gen"; edit that file. -->

# Configuration

%s

Check a file with ` + "`fairlead config check FILE`" + `, which lists all problems at
once. ` + "`fairlead config show`" + ` prints every value in effect and where it comes
from, without secrets.

A reload (SIGHUP) applies the keys marked **live** without touching traffic; the
others take effect at the next start. A file with problems changes nothing, nor does
one that names a file that cannot be used, such as a certificate without its key.

`

// render writes the whole document.
func render(ref reference) string {
	var b strings.Builder
	fmt.Fprintf(&b, intro, preamble(ref.preamble))
	b.WriteString("## Top level\n\n")
	b.WriteString(table(ref.entries, ""))
	for _, e := range ref.entries {
		if e.isSection {
			fmt.Fprintf(&b, "\n## %s\n\n%s\n\n%s", e.path, literal(e.meaning), table(ref.entries, e.path))
		}
	}
	return b.String()
}

// preamble leaves out the first paragraphs of the file, which are about it.
func preamble(text string) string {
	_, rest, _ := strings.Cut(text, "\n\n")
	_, rest, _ = strings.Cut(rest, "\n\n")
	return literal(rest)
}

// literal keeps Markdown from reading a comment's asterisks and pipes.
func literal(text string) string { return strings.NewReplacer("*", `\*`, "|", `\|`).Replace(text) }

// table writes the keys of one section and the examples among them.
func table(entries []entry, section string) string {
	var rows, examples strings.Builder
	rows.WriteString("| Key | Default | Reload | Meaning |\n|---|---|---|---|\n")
	for _, e := range entries {
		if e.isSection || sectionOf(e.path) != section {
			continue
		}
		fmt.Fprintf(&rows, "| `%s` (%s) | `%s` | %s | %s |\n",
			nameOf(e.path), typeOf(e.path), e.value, reloadOf(e.path), literal(e.meaning))
		if e.example != "" {
			fmt.Fprintf(&examples, "\nExample of `%s`:\n\n```yaml\n%s\n```\n", e.path, nested(e))
		}
	}
	return rows.String() + examples.String()
}

// nested writes an example under the names of its sections, ready to paste into
// an empty file.
func nested(e entry) string {
	text := e.example
	for section := sectionOf(e.path); section != ""; section = sectionOf(section) {
		text = nameOf(section) + ":\n  " + strings.ReplaceAll(text, "\n", "\n  ")
	}
	return text
}

func sectionOf(path string) string {
	return path[:max(strings.LastIndexByte(path, '.'), 0)]
}

func nameOf(path string) string { return path[strings.LastIndexByte(path, '.')+1:] }

func typeOf(path string) string {
	for _, key := range config.Keys() {
		if key.Path == path {
			return key.Type
		}
	}
	return "unknown"
}

func reloadOf(path string) string {
	for _, key := range config.Keys() {
		if key.Path == path && key.Live {
			return "live"
		}
	}
	return "restart"
}
