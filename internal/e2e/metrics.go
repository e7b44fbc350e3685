//go:build e2e || soak

package e2e

import (
	"net/http"
	"strconv"
	"strings"
	"testing"
)

// metric reads a live metric: the sum over all labels that contain every given
// part, such as `code="401"`. A metric that does not exist fails the test.
func (s *server) metric(t testing.TB, name string, labels ...string) float64 {
	t.Helper()
	status, body, err := s.get("/metrics")
	if err != nil || status != http.StatusOK {
		t.Fatalf("read the metrics: got status %d, error %v", status, err)
	}
	sum, known := 0.0, strings.Contains(body, "# TYPE "+name+" ")
	for line := range strings.Lines(body) {
		rest, ok := strings.CutPrefix(strings.TrimSpace(line), name)
		if !ok || rest == "" || rest[0] != ' ' && rest[0] != '{' || !containsAll(rest, labels) {
			continue
		}
		value, err := strconv.ParseFloat(rest[strings.LastIndexByte(rest, ' ')+1:], 64)
		if err != nil {
			t.Fatalf("read metric %q: %v", line, err)
		}
		sum += value
	}
	if !known {
		t.Fatalf("read metric %s: it does not exist in\n%s", name, body)
	}
	return sum
}

func containsAll(s string, parts []string) bool {
	for _, part := range parts {
		if !strings.Contains(s, part) {
			return false
		}
	}
	return true
}
