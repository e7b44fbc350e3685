package bench

import (
	"bytes"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const wantComparison = `| net ns per packet | theirs |     ours |
|-------------------|-------:|---------:|
| up/F=64/K=1       |   5000 |     4000 |
| down/F=1/K=1      |  10000 | 2 % lost |

| ratio to theirs |               ours |
|-----------------|-------------------:|
| up/F=64/K=1     | 0.80 (0.80 … 0.80) |
| down/F=1/K=1    |                  – |

| control                                 | theirs |         ours |
|-----------------------------------------|-------:|-------------:|
| resident bytes per allocation (of 2000) |  22000 |  1100 (0.05) |
| CPU µs per allocation with channel      |  110.0 |  55.0 (0.50) |
| % of a CPU at rest                      |  0.040 | 0.010 (0.25) |
| CPU µs per answer 401                   |  10.00 |  5.00 (0.50) |

Some CPU × 2, Linux 6.18.0, go1.26, all on CPU 1; 2026-06-01; payload 172 bytes.

- theirs 4: ` + "`turnserver`" + `
- ours: ` + "`fairlead serve`" + `
`

func TestWriteComparison(t *testing.T) {
	var got bytes.Buffer
	if err := newTestReport().WriteComparison(&got); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(wantComparison, got.String()); diff != "" {
		t.Errorf("comparison (-want +got):\n%s", diff)
	}
}

const wantCells = `| ours         | net ns per packet | quartiles of the rounds | total | baseline | bursts |   lost |
|--------------|------------------:|------------------------:|------:|---------:|-------:|-------:|
| up/F=64/K=1  |              4000 |             3600 … 4400 |  7000 |     3000 |     10 | 0.00 % |
| down/F=1/K=1 |          2 % lost |                   1 … 1 |     0 |        0 |      5 | 2.00 % |

Some CPU × 2, Linux 6.18.0, go1.26, all on CPU 1; 2026-06-01; payload 172 bytes.

- ours: ` + "`fairlead serve`" + `
`

func TestWriteCells(t *testing.T) {
	r := newTestReport()
	r.Servers = r.Servers[1:]
	var got bytes.Buffer
	if err := r.WriteCells(&got); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(wantCells, got.String()); diff != "" {
		t.Errorf("cells (-want +got):\n%s", diff)
	}
}
