//go:build !linux

package bench

import (
	"context"
	"errors"
)

var errNoLinux = errors.New("network namespaces are needed, which only Linux has")

// ClosedLoop is available on Linux only.
func ClosedLoop(context.Context, ClosedLoopOptions) (*Report, error) { return nil, errNoLinux }

// Compare is available on Linux only.
func Compare(context.Context, CompareOptions) (*Report, error) { return nil, errNoLinux }

// Latency is available on Linux only.
func Latency(context.Context, LatencyOptions) (*LatencyReport, error) { return nil, errNoLinux }

// Fairness is available on Linux only.
func Fairness(context.Context, FairnessOptions) (*FairnessReport, error) { return nil, errNoLinux }
