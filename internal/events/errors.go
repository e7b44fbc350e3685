package events

import "errors"

// ErrRefused is wrapped by what a Sink returns when trying again is pointless.
var ErrRefused = errors.New("refused")

func isFinal(err error) bool { return errors.Is(err, ErrRefused) }
