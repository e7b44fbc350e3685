package config

import "fmt"

// Source is a layer of the configuration.
type Source string

const (
	// FromDefault is Defaults.
	FromDefault Source = "default"
	// FromProfile is a Base other than Defaults.
	FromProfile Source = "profile"
	// FromFile is the YAML file.
	FromFile Source = "file"
	// FromEnvironment is a FAIRLEAD_* variable.
	FromEnvironment Source = "env"
	// FromFlag is a path=value setting of the command line.
	FromFlag Source = "flag"
)

// Origin says where a value comes from.
type Origin struct {
	Source Source
	// Name is the file, the variable or the flag.
	Name string
	// Line counts from 1 in a file; 0 is unknown.
	Line int
}

// String returns the origin as config show prints it.
func (o Origin) String() string {
	if place := o.place(); place != "" {
		return fmt.Sprintf("%s %s", o.Source, place)
	}
	return string(o.Source)
}

// place is where an editor finds the value; empty for built-in ones.
func (o Origin) place() string {
	if o.Line > 0 {
		return fmt.Sprintf("%s:%d", o.Name, o.Line)
	}
	return o.Name
}
