package bench

import (
	"math"
	"strings"
	"testing"
	"time"
)

func TestClosedLoopOptionsValidate(t *testing.T) {
	tests := map[string]struct {
		change    func(*ClosedLoopOptions)
		complaint string // empty: none
	}{
		"as the flags are":   {func(*ClosedLoopOptions) {}, ""},
		"no server":          {func(o *ClosedLoopOptions) { o.Server = Spec{} }, "command"},
		"no cells":           {func(o *ClosedLoopOptions) { o.Cells = nil }, "no cells"},
		"an impossible cell": {func(o *ClosedLoopOptions) { o.Cells = []Cell{{}} }, "direction"},
		"too short":          {func(o *ClosedLoopOptions) { o.Duration = time.Millisecond }, "too short"},
		"no room for a tag":  {func(o *ClosedLoopOptions) { o.Payload = 7 }, "payload of 7"},
		"more than a frame":  {func(o *ClosedLoopOptions) { o.Payload = 1401 }, "payload of 1401"},
		"trains over TCP":    {func(o *ClosedLoopOptions) { o.Transport = TCP }, "a stream has no trains"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			o := ClosedLoopOptions{Server: Fairlead("", UDP), Cells: DefaultCells(), Duration: 2 * time.Second, Payload: DefaultPayload}
			tt.change(&o)
			checkComplaint(t, o.validate(), tt.complaint)
		})
	}
}

func TestCompareOptionsValidate(t *testing.T) {
	tests := map[string]struct {
		change    func(*CompareOptions)
		complaint string // empty: none
	}{
		"as the flags are":     {func(*CompareOptions) {}, ""},
		"no allocations":       {func(o *CompareOptions) { o.Allocations = 0 }, ""},
		"one server":           {func(o *CompareOptions) { o.Servers = o.Servers[:1] }, "two servers"},
		"too few rounds":       {func(o *CompareOptions) { o.Rounds = 4 }, "4 rounds"},
		"too short":            {func(o *CompareOptions) { o.Slice = time.Microsecond }, "too short"},
		"fewer than none":      {func(o *CompareOptions) { o.Allocations = -1 }, "-1 allocations"},
		"more than ports":      {func(o *CompareOptions) { o.Allocations = 60000 }, "60000 allocations"},
		"control over TLS":     {func(o *CompareOptions) { o.Transport, o.Cells = TLS, o.Cells[:1] }, "over UDP"},
		"cells over TLS":       {func(o *CompareOptions) { o.Transport, o.Cells, o.Allocations = TLS, o.Cells[:1], 0 }, ""},
		"cells and the packet": {func(o *CompareOptions) { o.Cells, o.Payload = nil, 0 }, "payload of 0"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			o := CompareOptions{
				Servers: []Spec{Pion(), Fairlead("", UDP)}, Cells: DefaultCells(), Rounds: 10,
				Slice: 100 * time.Millisecond, Payload: DefaultPayload, Allocations: 2000, Rest: time.Second,
			}
			tt.change(&o)
			checkComplaint(t, o.validate(), tt.complaint)
		})
	}
}

func TestLatencyOptionsValidate(t *testing.T) {
	tests := map[string]struct {
		change    func(*LatencyOptions)
		complaint string // empty: none
	}{
		"as the flags are":        {func(*LatencyOptions) {}, ""},
		"no other allocations":    {func(o *LatencyOptions) { o.Allocations = 0 }, ""},
		"no server":               {func(o *LatencyOptions) { o.Servers = nil }, "no server"},
		"no flows":                {func(o *LatencyOptions) { o.Flows = 0 }, "0 flows"},
		"more than descriptors":   {func(o *LatencyOptions) { o.Flows = 1501 }, "1501 flows"},
		"more than ports":         {func(o *LatencyOptions) { o.Allocations = 60000 }, "60000 allocations"},
		"nobody comes and goes":   {func(o *LatencyOptions) { o.SetUps = 0 }, ""},
		"more than one client":    {func(o *LatencyOptions) { o.SetUps = 2001 }, "2001 set-ups"},
		"set-ups that are none":   {func(o *LatencyOptions) { o.SetUps = math.NaN() }, "NaN set-ups"},
		"no rounds":               {func(o *LatencyOptions) { o.Rounds = 0 }, "0 rounds"},
		"shorter than a trial":    {func(o *LatencyOptions) { o.Slice = time.Millisecond }, "too short"},
		"no room for a timestamp": {func(o *LatencyOptions) { o.Payload = 7 }, "payload of 7"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			o := LatencyOptions{
				Servers: []Spec{Pion(), Fairlead("", UDP)}, Flows: 200, Allocations: 16000, SetUps: 1000, Rounds: 5,
				Slice: 2 * time.Second, Payload: DefaultPayload,
			}
			tt.change(&o)
			checkComplaint(t, o.validate(), tt.complaint)
		})
	}
}

func TestFairnessOptionsValidate(t *testing.T) {
	tests := map[string]struct {
		change    func(*FairnessOptions)
		complaint string // empty: none
	}{
		"as the flags are":      {func(*FairnessOptions) {}, ""},
		"no server":             {func(o *FairnessOptions) { o.Servers = nil }, "no server"},
		"no voice":              {func(o *FairnessOptions) { o.Voices = 0 }, "0 voice flows"},
		"more than descriptors": {func(o *FairnessOptions) { o.Voices = 1500 }, "1500 voice flows"},
		"shorter than a trial":  {func(o *FairnessOptions) { o.Duration = time.Millisecond }, "too short"},
		"more than a frame":     {func(o *FairnessOptions) { o.Payload = 1401 }, "payload of 1401"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			o := FairnessOptions{Servers: []Spec{Fairlead("", UDP)}, Voices: 500, Duration: 10 * time.Second, Payload: DefaultPayload}
			tt.change(&o)
			checkComplaint(t, o.validate(), tt.complaint)
		})
	}
}

func checkComplaint(t *testing.T, err error, complaint string) {
	t.Helper()
	switch {
	case complaint == "" && err != nil:
		t.Errorf("got %v, want nil", err)
	case complaint != "" && (err == nil || !strings.Contains(err.Error(), complaint)):
		t.Errorf("got %v, want an error with %q", err, complaint)
	}
}
