package config

import (
	"fmt"
	"os"
	"strings"

	"github.com/spf13/viper"
)

// Options says where the configuration comes from.
type Options struct {
	// File is the YAML file; empty takes the one that FAIRLEAD_CONFIG names,
	// if it names one.
	File string
	// Set holds path=value settings, over everything else. Later ones win.
	Set []string
	// Base is the layer below everything; nil is Defaults(). A reload passes
	// the same Base again.
	Base *Config
}

// maxFileBytes bounds a configuration file; a thousand users need a tenth.
const maxFileBytes = 8 << 20

// Load reads and validates. The error is a Problems with all that is wrong;
// then there is no Config.
func Load(o Options) (*Config, []Warning, error) {
	c, err := Read(o)
	if err != nil {
		return nil, nil, err
	}
	if err := c.Validate(); err != nil {
		return nil, nil, err
	}
	return c, c.Warnings(), nil
}

// Read combines the layers and decodes them, without asking whether the values
// make sense together. The error is a Problems.
func Read(o Options) (*Config, error) {
	r := newReader(o)
	r.readFile()
	r.readFlags(o.Set)
	c := r.decode()
	r.readSecretFiles(c)
	r.resolveCertificateFiles(c)
	if err := r.problems.orNil(); err != nil {
		return nil, err
	}
	return c, nil
}

// reader carries one Read.
type reader struct {
	base     *Config
	file     string
	keys     []Key
	document *document
	flags    map[string]string // by path
	problems Problems
}

func newReader(o Options) *reader {
	r := &reader{base: o.Base, file: o.File, keys: schema(), flags: map[string]string{}}
	if r.base == nil {
		r.base = Defaults()
	}
	if r.file == "" {
		r.file = os.Getenv(FileVariable)
	}
	r.document = parseDocument(r.file, nil)
	return r
}

func (r *reader) reject(path, rule string, args ...any) {
	r.problems = append(r.problems, Problem{Path: path, Origin: r.origin(path), Rule: fmt.Sprintf(rule, args...)})
}

// readFile holds the file against the schema. A file that cannot be read is a
// problem; no file at all is none.
func (r *reader) readFile() {
	if r.file == "" {
		return
	}
	text, err := readBounded(r.file, maxFileBytes)
	if err != nil {
		r.problems = append(r.problems, Problem{Rule: fmt.Sprintf("read configuration file: %v", err)})
		return
	}
	r.document = parseDocument(r.file, text)
	r.problems = append(r.problems, r.document.problems...)
}

func (r *reader) readFlags(settings []string) {
	for _, setting := range settings {
		path, value, found := strings.Cut(setting, "=")
		if !found {
			r.problems = append(r.problems, Problem{Rule: "--set takes path=value, such as --set log.level=debug"})
			continue
		}
		if key, known := keyOf(path); !known || key.Path != path {
			r.problems = append(r.problems, Problem{
				Path: visible(path), Origin: Origin{Source: FromFlag, Name: "--set"}, Rule: unknownPath(path),
			})
			continue
		}
		r.flags[path] = value
	}
}

// layers stacks what was read in viper, which knows the precedence.
func (r *reader) layers() *viper.Viper {
	v := viper.New()
	for _, key := range r.keys {
		v.SetDefault(key.Path, key.in(r.base).Interface())
		v.MustBindEnv(key.Path, key.Variable)
	}
	if err := v.MergeConfigMap(r.document.values); err != nil {
		r.problems = append(r.problems, Problem{Rule: fmt.Sprintf("combine the file with the defaults: %v", err)})
	}
	for path, value := range r.flags {
		v.Set(path, value)
	}
	return v
}

// decode fills a Config strictly and notes where each value comes from.
func (r *reader) decode() *Config {
	c := &Config{origins: map[string]Origin{}, unused: unusedVariables(r.keys)}
	if err := r.layers().UnmarshalExact(c, decoderOptions); err != nil {
		r.problems = append(r.problems, r.decodeProblems(err)...)
	}
	for path := range r.document.lines {
		if _, known := keyOf(path); known {
			c.origins[path] = r.origin(path)
		}
	}
	for _, key := range r.keys {
		c.origins[key.Path] = r.origin(key.Path)
	}
	return c
}

// origin finds the uppermost layer that sets a path. Inside a list it is the
// nearest place known; a variable or a flag sets a list whole.
func (r *reader) origin(path string) Origin {
	key, known := keyOf(path)
	if !known {
		return Origin{}
	}
	if _, ok := r.flags[key.Path]; ok {
		return Origin{Source: FromFlag, Name: "--set " + key.Path}
	}
	if _, ok := variable(key); ok {
		return Origin{Source: FromEnvironment, Name: key.Variable}
	}
	for at := path; at != ""; at = parent(at) {
		if line := r.document.lines[at]; line > 0 {
			return Origin{Source: FromFile, Name: r.file, Line: line}
		}
	}
	if !equal(key.in(r.base), key.in(Defaults())) {
		return Origin{Source: FromProfile}
	}
	return Origin{Source: FromDefault}
}

// parent steps from a path inside a list outwards, up to the list.
func parent(path string) string {
	list := strings.LastIndexByte(path, '[')
	switch name := strings.LastIndexByte(path, '.'); {
	case list < 0:
		return ""
	case name > list:
		return path[:name]
	default:
		return path[:list]
	}
}

// shownText is the text that a flag or variable gives for a path, as a problem
// may show it.
func (r *reader) shownText(path string) string {
	key, known := keyOf(path)
	if !known || key.Path != path || key.typ == secretType || isStructList(key.typ) {
		return ""
	}
	text, ok := r.flags[path]
	if !ok {
		text, _ = variable(key)
	}
	return printable(text)
}
