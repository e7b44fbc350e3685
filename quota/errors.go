package quota

import "errors"

// ErrExceeded is what every ExceededError wraps.
var ErrExceeded = errors.New("quota exceeded")

// ErrNoBucket says that the server has no bucket left for a limit.
var ErrNoBucket = errors.New("no bandwidth bucket free")

// ExceededError says which limit refused an allocation or ended it.
type ExceededError struct{ Limit Limit }

func (e *ExceededError) Error() string { return ErrExceeded.Error() + ": " + e.Limit.String() }

// Unwrap returns ErrExceeded.
func (e *ExceededError) Unwrap() error { return ErrExceeded }
