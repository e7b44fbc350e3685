package bench

import (
	"fmt"
	"io"
	"strings"
	"unicode/utf8"
)

// table is text in rows and columns; the first row is the head. It is written
// so that it reads well as it is and as Markdown.
type table [][]string

func (t *table) row(cells ...string) { *t = append(*t, cells) }

// write aligns the first column left and the others right.
func (t table) write(w io.Writer) error {
	if len(t) == 0 {
		return nil
	}
	widths := make([]int, len(t[0]))
	for _, row := range t {
		for i, cell := range row {
			widths[i] = max(widths[i], utf8.RuneCountInString(cell))
		}
	}
	var b strings.Builder
	for r, row := range t {
		for i, cell := range row {
			gap := strings.Repeat(" ", widths[i]-utf8.RuneCountInString(cell))
			if i == 0 {
				b.WriteString("| " + cell + gap)
			} else {
				b.WriteString(" | " + gap + cell)
			}
		}
		b.WriteString(" |\n")
		if r == 0 {
			b.WriteString("|" + strings.Repeat("-", widths[0]+2))
			for _, width := range widths[1:] {
				b.WriteString("|" + strings.Repeat("-", width+1) + ":")
			}
			b.WriteString("|\n")
		}
	}
	if _, err := io.WriteString(w, b.String()); err != nil {
		return fmt.Errorf("write table: %w", err)
	}
	return nil
}
