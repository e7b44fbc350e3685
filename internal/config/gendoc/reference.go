package main

import (
	"errors"
	"strings"

	"go.yaml.in/yaml/v3"
)

// reference is the annotated configuration file.
type reference struct {
	preamble string
	entries  []entry
}

// entry is a section or a key of the reference, in the order of the file.
type entry struct {
	path      string
	isSection bool
	meaning   string // one paragraph
	example   string // YAML that can be pasted in place of the default, or nothing
	value     string // the default as written; lists of several lines in one
}

// exampleMark is the comment line behind which an example starts, indented by
// exampleIndent.
const (
	exampleMark   = "Example:"
	exampleIndent = "  "
)

func parseReference(text []byte) (reference, error) {
	var doc yaml.Node
	if err := yaml.Unmarshal(text, &doc); err != nil {
		return reference{}, err
	}
	if len(doc.Content) != 1 || doc.Content[0].Kind != yaml.MappingNode {
		return reference{}, errors.New("want one document that is a mapping")
	}
	ref := reference{preamble: uncomment(doc.HeadComment)}
	ref.add(doc.Content[0], "")
	return ref, nil
}

func (r *reference) add(section *yaml.Node, prefix string) {
	for i := 0; i+1 < len(section.Content); i += 2 {
		name, value := section.Content[i], section.Content[i+1]
		e := entry{path: prefix + name.Value, isSection: value.Kind == yaml.MappingNode}
		e.meaning, e.example = splitExample(uncomment(name.HeadComment))
		if !e.isSection {
			e.value = inline(value)
		}
		r.entries = append(r.entries, e)
		if e.isSection {
			r.add(value, e.path+".")
		}
	}
}

// uncomment takes the # off each line.
func uncomment(comment string) string {
	lines := strings.Split(comment, "\n")
	for i, line := range lines {
		lines[i] = strings.TrimPrefix(strings.TrimPrefix(line, "#"), " ")
	}
	return strings.Join(lines, "\n")
}

// splitExample parts the sentences of a comment from the YAML below them.
func splitExample(comment string) (meaning, example string) {
	meaning, indented, found := strings.Cut(comment, exampleMark+"\n")
	if found {
		var lines []string
		for line := range strings.SplitSeq(indented, "\n") {
			lines = append(lines, strings.TrimPrefix(line, exampleIndent))
		}
		example = strings.Join(lines, "\n")
	}
	return strings.Join(strings.Fields(meaning), " "), example
}

// inline writes a value as the reference has it, on one line.
func inline(value *yaml.Node) string {
	switch value.Kind {
	case yaml.SequenceNode:
		var elements []string
		for _, element := range value.Content {
			elements = append(elements, inline(element))
		}
		return "[" + strings.Join(elements, ", ") + "]"
	case yaml.MappingNode:
		var fields []string
		for i := 0; i+1 < len(value.Content); i += 2 {
			fields = append(fields, value.Content[i].Value+": "+inline(value.Content[i+1]))
		}
		return "{" + strings.Join(fields, ", ") + "}"
	}
	if value.Style == yaml.DoubleQuotedStyle {
		return `"` + value.Value + `"`
	}
	return value.Value
}
