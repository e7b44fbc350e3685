package server

import (
	"fmt"
	"testing"
)

// However many tenants there are, the labels stay bounded and nothing is lost.
func TestTenantLabelsAreBounded(t *testing.T) {
	var b tenantBook
	const tenants = 10 * maxTenantLabels
	for i := range tenants {
		for range 2 {
			b.of("example.org", fmt.Sprint(i)).created.Add(1)
		}
	}
	stats := b.stats()
	if len(stats) != maxTenantLabels+1 {
		t.Fatalf("got %d tenants counted apart, want %d and the others", len(stats)-1, maxTenantLabels)
	}
	var sum uint64
	for _, s := range stats {
		sum += s.Created
	}
	last := stats[maxTenantLabels]
	if last.Tenant != otherTenants || last.Created != 2*(tenants-maxTenantLabels) || sum != 2*tenants {
		t.Errorf("got %+v for the others and %d in all, want %d and %d", last, sum, 2*(tenants-maxTenantLabels), 2*tenants)
	}
	if b.of("example.org", "0") == b.of("example.net", "0") {
		t.Error("got one count for a tenant of two realms")
	}
}
