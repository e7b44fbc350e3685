package turnserver

import "strings"

// option is one line that says something.
type option struct {
	line  int
	name  string
	value string // empty for a switch
}

// Note is what a reader of the result should know about a line.
type Note struct {
	Line int // 0: about the whole
	Name string
	Text string
}

// parse reads the lines of a file: a name, and perhaps a value behind "=" or space,
// which may stand in double quotes.
func parse(text string) []option {
	var options []option
	number := 0
	for line := range strings.Lines(text) {
		number++
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		o := option{line: number, name: line}
		if at := strings.IndexAny(line, "= \t"); at >= 0 {
			o.name = line[:at]
			o.value = strings.TrimSpace(strings.TrimPrefix(strings.TrimSpace(line[at:]), "="))
		}
		if n := len(o.value); n >= 2 && o.value[0] == '"' && o.value[n-1] == '"' {
			o.value = o.value[1 : n-1]
		}
		options = append(options, o)
	}
	return options
}

// isOn reads a switch, which may have a value.
func (o option) isOn() bool {
	switch strings.ToLower(o.value) {
	case "0", "false", "no", "off":
		return false
	}
	return true
}
