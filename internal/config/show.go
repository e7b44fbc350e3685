package config

import (
	"fmt"
	"io"
	"reflect"
	"strconv"

	"go.yaml.in/yaml/v3"
)

// WriteYAML writes every key with its value in effect and, as a comment, where
// the value comes from. Secrets show as ***, fields of list elements that are
// not set are left out.
func (c *Config) WriteYAML(w io.Writer) error {
	encoder := yaml.NewEncoder(w)
	encoder.SetIndent(2)
	if err := encoder.Encode(c.sectionNode(reflect.ValueOf(c).Elem(), "")); err != nil {
		return fmt.Errorf("write configuration: %w", err)
	}
	return encoder.Close()
}

func (c *Config) sectionNode(section reflect.Value, prefix string) *yaml.Node {
	node := &yaml.Node{Kind: yaml.MappingNode}
	for _, f := range reflect.VisibleFields(section.Type()) {
		if !f.IsExported() {
			continue
		}
		field := section.FieldByIndex(f.Index)
		name := &yaml.Node{Kind: yaml.ScalarNode, Value: f.Tag.Get("yaml")}
		path := join(prefix, name.Value)
		if field.Kind() == reflect.Struct {
			node.Content = append(node.Content, name, c.sectionNode(field, path))
			continue
		}
		value := valueNode(field, Secret.String)
		origin := c.Origin(path).String()
		if value.Kind == yaml.SequenceNode && len(value.Content) > 0 {
			name.LineComment = origin
		} else {
			value.LineComment = origin
		}
		node.Content = append(node.Content, name, value)
	}
	return node
}

// valueNode encodes a value; show says how a secret looks.
func valueNode(value reflect.Value, show func(Secret) string) *yaml.Node {
	switch value.Kind() {
	case reflect.Slice:
		node := &yaml.Node{Kind: yaml.SequenceNode}
		for i := range value.Len() {
			node.Content = append(node.Content, valueNode(value.Index(i), show))
		}
		if value.Len() == 0 {
			node.Style = yaml.FlowStyle
		}
		return node
	case reflect.Struct:
		node := &yaml.Node{Kind: yaml.MappingNode}
		for _, f := range reflect.VisibleFields(value.Type()) {
			if field := value.FieldByIndex(f.Index); !field.IsZero() {
				node.Content = append(node.Content, &yaml.Node{Kind: yaml.ScalarNode, Value: f.Tag.Get("yaml")}, valueNode(field, show))
			}
		}
		return node
	}
	switch v := value.Interface().(type) {
	case string:
		return quoted(v)
	case Secret:
		return quoted(show(v))
	case bool:
		return &yaml.Node{Kind: yaml.ScalarNode, Value: strconv.FormatBool(v)}
	default: // whole numbers and durations
		return &yaml.Node{Kind: yaml.ScalarNode, Value: fmt.Sprint(v)}
	}
}

func quoted(text string) *yaml.Node {
	return &yaml.Node{Kind: yaml.ScalarNode, Value: text, Tag: "!!str", Style: yaml.DoubleQuotedStyle}
}
