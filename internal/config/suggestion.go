package config

import (
	"reflect"
	"strings"
)

// unknownKey words the problem of a key that section t does not have, with
// what was probably meant: a slip of the finger, or a key of another section.
func unknownKey(name string, t reflect.Type) string {
	near, edits := nearest(name, fieldNames(t))
	for _, key := range schema() {
		if far, more := nearest(name, []string{lastName(key.Path)}); far != "" && (near == "" || more < edits) {
			return "unknown key here; did you mean " + key.Path + "?"
		}
	}
	if near != "" {
		return "unknown key; did you mean " + near + "?"
	}
	return "unknown key; known here: " + strings.Join(fieldNames(t), ", ")
}

// unknownPath words the same for a dotted path.
func unknownPath(path string) string {
	var paths []string
	for _, key := range schema() {
		paths = append(paths, key.Path)
		if strings.HasPrefix(path, key.Path+"[") || strings.HasPrefix(path, key.Path+".") {
			return "is inside the list or value " + key.Path + ", which can only be set whole"
		}
		if strings.HasPrefix(key.Path, path+".") {
			return "is a section; set its keys one by one, such as " + key.Path
		}
	}
	if near, _ := nearest(path, paths); near != "" {
		return "unknown key; did you mean " + near + "?"
	}
	return "unknown key; fairlead config show lists them all"
}

// nearest returns the candidate with the fewest edits from name and their
// number, or nothing when all are more than a third of the name away.
func nearest(name string, candidates []string) (best string, fewest int) {
	if len(name) > 64 {
		return "", 0 // nobody mistypes that much, and the cost is quadratic
	}
	fewest = len(name)/3 + 1
	for _, candidate := range candidates {
		if edits := distance(strings.ToLower(name), candidate); edits < len(candidate) && (edits < fewest || best == "" && edits == fewest) {
			best, fewest = candidate, edits
		}
	}
	return best, fewest
}

// distance is Levenshtein's: the single-byte edits between two words.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			substitute := diagonal
			if a[i] != b[j] {
				substitute++
			}
			diagonal = row[j+1]
			row[j+1] = min(substitute, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}
