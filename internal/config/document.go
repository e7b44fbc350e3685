package config

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"reflect"
	"regexp"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

// document is a YAML text that was held against the schema: what fits is in
// values, where each path stands is in lines, the rest is in problems.
type document struct {
	name     string
	values   map[string]any
	lines    map[string]int
	problems Problems
}

// parseDocument reads the text of a configuration file.
func parseDocument(name string, text []byte) *document {
	d := &document{name: name, values: map[string]any{}, lines: map[string]int{}}
	root, err := parseYAML(text)
	if err != nil {
		d.reject(0, "", "", err.Error())
		return d
	}
	if root != nil {
		if values, ok := d.section(root, configType, ""); ok {
			d.values = values
		}
	}
	return d
}

// parseElements reads the text of one list of structs, as a variable or a
// flag gives it. Paths in the result are relative to the list.
func parseElements(text string, list reflect.Type) (any, Problems) {
	d := &document{lines: map[string]int{}}
	root, err := parseYAML([]byte(text))
	if err != nil {
		d.reject(0, "", "", err.Error())
		return nil, d.problems
	}
	if root == nil {
		return []any{}, nil
	}
	value, _ := d.value(root, list, "")
	for i := range d.problems {
		d.problems[i].Origin = Origin{} // lines inside a variable help nobody
	}
	return value, d.problems
}

// parseYAML returns the top node of the only document in a text, or nil when
// the text says nothing. Its errors never quote the text, which holds secrets.
func parseYAML(text []byte) (*yaml.Node, error) {
	decoder := yaml.NewDecoder(bytes.NewReader(text))
	var doc, next yaml.Node
	switch err := decoder.Decode(&doc); {
	case errors.Is(err, io.EOF):
		return nil, nil
	case err != nil:
		return nil, syntaxError(err)
	}
	if err := decoder.Decode(&next); !errors.Is(err, io.EOF) {
		return nil, errors.New("holds more than one YAML document (a line ---): only one is read, put everything into it")
	}
	if len(doc.Content) == 0 || isNull(doc.Content[0]) {
		return nil, nil
	}
	return doc.Content[0], nil
}

// yamlLine is how the YAML parser words what it says about a line.
var yamlLine = regexp.MustCompile(`line \d+`)

func syntaxError(err error) error {
	text := strings.TrimPrefix(err.Error(), "yaml: ")
	if strings.Contains(text, "unknown anchor") {
		text = yamlLine.FindString(text) + ": a value that starts with * must be put in quotes"
	}
	return fmt.Errorf("not valid YAML: %s (addresses, rules and secrets belong in quotes; indent with spaces)", strings.TrimPrefix(text, ": "))
}

func (d *document) reject(line int, path, value, rule string) {
	d.problems = append(d.problems, Problem{
		Path: path, Value: value, Rule: rule,
		Origin: Origin{Source: FromFile, Name: d.name, Line: line},
	})
}

// section holds a mapping against a struct.
func (d *document) section(node *yaml.Node, t reflect.Type, path string) (map[string]any, bool) {
	if node.Kind != yaml.MappingNode {
		d.reject(node.Line, path, "", "must hold keys: "+strings.Join(fieldNames(t), ", "))
		return nil, false
	}
	values := make(map[string]any)
	first := make(map[string]int)
	for i := 0; i+1 < len(node.Content); i += 2 {
		name, child := node.Content[i], resolve(node.Content[i+1])
		at := join(path, name.Value)
		field, known := fieldByName(t, name.Value)
		if !known || name.Kind != yaml.ScalarNode {
			d.reject(name.Line, join(path, visible(name.Value)), "", unknownKey(name.Value, t))
			continue
		}
		if line := first[name.Value]; line > 0 {
			d.reject(name.Line, at, "", fmt.Sprintf("stands here a second time, first in line %d", line))
			continue
		}
		first[name.Value] = name.Line
		if isNull(child) {
			continue // a key without a value keeps its default
		}
		d.lines[at] = name.Line
		if value, ok := d.value(child, field.Type, at); ok {
			values[name.Value] = value
		}
	}
	return values, true
}

// value holds a node against the type of its key.
func (d *document) value(node *yaml.Node, t reflect.Type, path string) (any, bool) {
	switch {
	case t.Kind() == reflect.Struct:
		return d.section(node, t, path)
	case t.Kind() == reflect.Slice:
		return d.list(node, t.Elem(), path)
	case node.Kind != yaml.ScalarNode:
		d.reject(node.Line, path, "", "must be one value ("+typeName(t)+"), not a list and not keys")
		return nil, false
	}
	value, err := scalar(node, t)
	if err != nil {
		shown := node.Value
		if t == secretType {
			shown = redacted
		}
		d.reject(node.Line, path, shown, err.Error())
		return nil, false
	}
	return value, true
}

func (d *document) list(node *yaml.Node, element reflect.Type, path string) (any, bool) {
	if node.Kind != yaml.SequenceNode {
		d.reject(node.Line, path, "", "must be a list: each element on its own line, after a dash")
		return nil, false
	}
	values := make([]any, 0, len(node.Content))
	complete := true
	for i, child := range node.Content {
		at := fmt.Sprintf("%s[%d]", path, i)
		d.lines[at] = child.Line
		value, ok := d.value(resolve(child), element, at)
		complete = complete && ok
		values = append(values, value)
	}
	return values, complete
}

// scalar converts a node by the rules of YAML 1.2, without any weak typing.
func scalar(node *yaml.Node, t reflect.Type) (any, error) {
	tag := node.ShortTag()
	switch {
	case t == durationType:
		return ParseDuration(node.Value)
	case t.Kind() == reflect.String:
		if tag != "!!str" {
			return nil, errors.New("must be text: put it in quotes")
		}
		return node.Value, nil
	case t.Kind() == reflect.Bool:
		var value bool
		if tag != "!!bool" || node.Decode(&value) != nil {
			return nil, errors.New("must be true or false, without quotes")
		}
		return value, nil
	default:
		var value int64
		if tag != "!!int" || node.Decode(&value) != nil {
			return nil, errors.New("must be a whole number, without quotes and fraction")
		}
		return value, nil
	}
}

// resolve follows an alias to what it stands for. Depth is bounded by the
// schema, so an alias that holds itself ends as a value of the wrong kind.
func resolve(node *yaml.Node) *yaml.Node {
	if node.Kind == yaml.AliasNode {
		return node.Alias
	}
	return node
}

func isNull(node *yaml.Node) bool {
	return node.Kind == yaml.ScalarNode && node.ShortTag() == "!!null"
}

// visible keeps a key that nobody should ever have written on one line.
func visible(name string) string {
	if quoted := strconv.Quote(name); quoted != `"`+name+`"` {
		return quoted
	}
	return name
}
