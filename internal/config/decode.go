package config

import (
	"errors"
	"fmt"
	"reflect"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/go-viper/mapstructure/v2"
)

// decoderOptions makes viper's decoder as strict as this package promises.
func decoderOptions(c *mapstructure.DecoderConfig) {
	c.TagName = "yaml"
	c.WeaklyTypedInput = false
	c.MatchName = func(key, field string) bool { return key == field }
	c.DecodeHook = mapstructure.DecodeHookFuncValue(decodeValue)
}

// decodeValue converts the text of a variable or a flag into the type of its
// key. Values of the file arrive typed, by document; anything else that is not
// of the type already is refused here, fractions for whole numbers included.
func decodeValue(from, to reflect.Value) (any, error) {
	t := to.Type()
	text, isText := from.Interface().(string)
	switch {
	case isText && !utf8.ValidString(text):
		return nil, errors.New("is not valid UTF-8")
	case t == durationType && from.Type() == durationType:
		return from.Interface(), nil
	case t == durationType && isText:
		return ParseDuration(text)
	case t == durationType:
		return nil, errNoUnit
	case isInteger(t) && isText:
		return wholeNumber(text)
	case isInteger(t) && !isInteger(from.Type()):
		return nil, errors.New("must be a whole number")
	case t.Kind() == reflect.Bool && isText:
		return truth(text)
	case isStructList(t) && isText:
		elements, problems := parseElements(text, t)
		return elements, problems.orNil()
	case t.Kind() == reflect.Slice && isText:
		return texts(text)
	default:
		return from.Interface(), nil
	}
}

func isInteger(t reflect.Type) bool { return t.Kind() == reflect.Int || t.Kind() == reflect.Int64 }

func wholeNumber(text string) (int64, error) {
	n, err := strconv.ParseInt(strings.ReplaceAll(text, "_", ""), 10, 64)
	if err != nil {
		return 0, errors.New("must be a whole number")
	}
	return n, nil
}

func truth(text string) (bool, error) {
	if text != "true" && text != "false" {
		return false, errors.New("must be true or false")
	}
	return text == "true", nil
}

// texts reads a list of text: YAML (and so JSON) in brackets, or values with
// commas between them.
func texts(text string) ([]string, error) {
	if strings.HasPrefix(strings.TrimSpace(text), "[") {
		value, problems := parseElements(text, reflect.TypeFor[[]string]())
		if err := problems.orNil(); err != nil {
			return nil, err
		}
		list := []string{}
		for _, element := range value.([]any) {
			list = append(list, element.(string))
		}
		return list, nil
	}
	list := []string{}
	for element := range strings.SplitSeq(text, ",") {
		if element = strings.TrimSpace(element); element != "" {
			list = append(list, element)
		}
	}
	return list, nil
}

// decodeProblems turns what the decoder says into problems. The decoder joins
// one error per key, each with the path; it quotes no values.
func (r *reader) decodeProblems(err error) Problems {
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		var problems Problems
		for _, each := range joined.Unwrap() {
			problems = append(problems, r.decodeProblems(each)...)
		}
		return problems
	}
	var at *mapstructure.DecodeError
	if !errors.As(err, &at) {
		return Problems{{Rule: fmt.Sprintf("cannot be read: %v", err)}}
	}
	path, cause := at.Name(), at.Unwrap()
	origin := r.origin(path)
	var inside Problems
	if !errors.As(cause, &inside) {
		return Problems{{Path: path, Value: r.shownText(path), Origin: origin, Rule: cause.Error()}}
	}
	for i := range inside {
		inside[i].Path = path + inside[i].Path
		inside[i].Origin = origin
	}
	return inside
}
