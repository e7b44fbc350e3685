package main

import (
	"fmt"
	"os"
)

// Paths from internal/config, where go generate runs this program.
const (
	referenceFile = "../../configs/fairlead.yaml"
	documentFile  = "../../docs/CONFIG.md"
)

func main() {
	if err := generate(referenceFile, documentFile); err != nil {
		fmt.Fprintln(os.Stderr, "gendoc:", err)
		os.Exit(1)
	}
}

func generate(from, to string) error {
	text, err := os.ReadFile(from)
	if err != nil {
		return err
	}
	ref, err := parseReference(text)
	if err != nil {
		return fmt.Errorf("parse %s: %w", from, err)
	}
	if err := os.WriteFile(to, []byte(render(ref)), 0o644); err != nil {
		return err
	}
	return nil
}
