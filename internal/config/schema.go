package config

import (
	"reflect"
	"slices"
	"strings"
	"sync"
)

// Key describes one key of the configuration. Sections are not keys; a list
// is one key, whatever its elements hold.
type Key struct {
	// Path is the dotted name in the file and after --set.
	Path string
	// Variable is the environment variable that sets it.
	Variable string
	// Type is the kind of value in words.
	Type string
	// Live is true when a reload applies it.
	Live bool
	// Elements lists the keys of each element of a list of structs.
	Elements []string

	index []int // for reflect.Value.FieldByIndex on a Config
	typ   reflect.Type
}

// envPrefix starts every variable that belongs to this program.
const envPrefix = "FAIRLEAD_"

var (
	configType   = reflect.TypeFor[Config]()
	secretType   = reflect.TypeFor[Secret]()
	durationType = reflect.TypeFor[Duration]()
)

// Keys returns every key in the order of the reference.
func Keys() []Key { return slices.Clone(schema()) }

// schema is what the types of this package say, worked out once.
var schema = sync.OnceValue(func() []Key { return collectKeys(configType, "", nil) })

func collectKeys(section reflect.Type, prefix string, index []int) []Key {
	var found []Key
	for _, f := range reflect.VisibleFields(section) {
		if !f.IsExported() {
			continue
		}
		path := join(prefix, f.Tag.Get("yaml"))
		at := append(append([]int(nil), index...), f.Index...)
		if f.Type.Kind() == reflect.Struct {
			found = append(found, collectKeys(f.Type, path, at)...)
			continue
		}
		key := Key{
			Path:     path,
			Variable: envPrefix + strings.ToUpper(strings.ReplaceAll(path, ".", "_")),
			Type:     typeName(f.Type),
			Live:     f.Tag.Get("live") == "yes",
			index:    at,
			typ:      f.Type,
		}
		if isStructList(f.Type) {
			key.Elements = fieldNames(f.Type.Elem())
		}
		found = append(found, key)
	}
	return found
}

// keyOf finds the key that a path is, or is an element of.
func keyOf(path string) (Key, bool) {
	path, _, _ = strings.Cut(path, "[")
	for _, key := range schema() {
		if key.Path == path {
			return key, true
		}
	}
	return Key{}, false
}

// in returns the field of the key in a Config.
func (k Key) in(c *Config) reflect.Value { return reflect.ValueOf(c).Elem().FieldByIndex(k.index) }

func join(prefix, name string) string {
	if prefix == "" {
		return name
	}
	return prefix + "." + name
}

func isStructList(t reflect.Type) bool {
	return t.Kind() == reflect.Slice && t.Elem().Kind() == reflect.Struct
}

// fieldNames lists the YAML names of a struct in order.
func fieldNames(t reflect.Type) []string {
	var names []string
	for _, f := range reflect.VisibleFields(t) {
		if f.IsExported() {
			names = append(names, f.Tag.Get("yaml"))
		}
	}
	return names
}

// fieldByName finds a struct's field by its YAML name, case and all.
func fieldByName(t reflect.Type, name string) (reflect.StructField, bool) {
	for _, f := range reflect.VisibleFields(t) {
		if f.IsExported() && f.Tag.Get("yaml") == name {
			return f, true
		}
	}
	return reflect.StructField{}, false
}

func typeName(t reflect.Type) string {
	switch {
	case t == secretType:
		return "secret text"
	case t == durationType:
		return "duration"
	case isStructList(t):
		return "list"
	case t.Kind() == reflect.Slice:
		return "list of text"
	case t.Kind() == reflect.Bool:
		return "true or false"
	case t.Kind() == reflect.String:
		return "text"
	default:
		return "whole number"
	}
}
