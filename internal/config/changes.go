package config

import (
	"fmt"
	"io"
	"reflect"

	"go.yaml.in/yaml/v3"
)

// WriteChanges writes a configuration file: every key whose value is not the default.
// Secrets are in clear, as the server has to read them.
func (c *Config) WriteChanges(w io.Writer) error {
	node := changes(reflect.ValueOf(c).Elem(), reflect.ValueOf(Defaults()).Elem())
	encoder := yaml.NewEncoder(w)
	encoder.SetIndent(2)
	if err := encoder.Encode(node); err != nil {
		return fmt.Errorf("write configuration: %w", err)
	}
	return encoder.Close()
}

// changes encodes the fields of a section that differ from those of another.
func changes(section, base reflect.Value) *yaml.Node {
	node := &yaml.Node{Kind: yaml.MappingNode}
	for _, f := range reflect.VisibleFields(section.Type()) {
		if !f.IsExported() || equal(section.FieldByIndex(f.Index), base.FieldByIndex(f.Index)) {
			continue
		}
		name := &yaml.Node{Kind: yaml.ScalarNode, Value: f.Tag.Get("yaml")}
		value, before := section.FieldByIndex(f.Index), base.FieldByIndex(f.Index)
		if value.Kind() == reflect.Struct {
			node.Content = append(node.Content, name, changes(value, before))
			continue
		}
		node.Content = append(node.Content, name, valueNode(value, Secret.Reveal))
	}
	return node
}
