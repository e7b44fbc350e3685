package quota

import "errors"

// ErrExceeded is what every ExceededError wraps.
var ErrExceeded = errors.New("quota exceeded")

// ExceededError says which limit refused an allocation.
type ExceededError struct{ Limit Limit }

func (e *ExceededError) Error() string { return ErrExceeded.Error() + ": " + e.Limit.String() }

// Unwrap returns ErrExceeded.
func (e *ExceededError) Unwrap() error { return ErrExceeded }
