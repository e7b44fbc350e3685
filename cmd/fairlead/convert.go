package main

import (
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"

	"github.com/fairlead/fairlead/internal/turnserver"
)

// maxTurnserverBytes bounds a turnserver.conf; thousands of users need a tenth.
const maxTurnserverBytes = 8 << 20

func newConfigConvertCommand() *cobra.Command {
	var withRealmOptions bool
	cmd := &cobra.Command{
		Use:   "convert TURNSERVER.CONF",
		Short: "Turn a configuration of coturn into one of this server",
		Long: `Read a turnserver.conf and write a configuration with what it says to standard
output, secrets included. What means something else here, has no counterpart or needs
a hand is listed on standard error, each with its line. When the result cannot be used
as it is, the problems follow, and the exit code is 1.

With --realm-options the limits of realms are read from the databases that the file
names (SQLite, PostgreSQL, MySQL; table turn_realm_option), which must answer.

  fairlead config convert /etc/turnserver.conf > /etc/fairlead/fairlead.yaml`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			text, err := readTurnserver(args[0])
			if err != nil {
				return err
			}
			cfg, notes := turnserver.Convert(text)
			if withRealmOptions {
				more, err := readRealmOptions(cmd.Context(), cfg)
				if err != nil {
					return err
				}
				notes = append(notes, more...)
			}
			fmt.Fprintf(cmd.OutOrStdout(), "# Made of %s by fairlead config convert.\n", args[0])
			if err := cfg.WriteChanges(cmd.OutOrStdout()); err != nil {
				return err
			}
			for _, note := range notes {
				fmt.Fprintln(cmd.ErrOrStderr(), noteText(note))
			}
			return cfg.Validate()
		},
	}
	cmd.Flags().BoolVar(&withRealmOptions, "realm-options", false, "read the limits of realms from the databases that the file names")
	return cmd
}

func noteText(note turnserver.Note) string {
	switch {
	case note.Line > 0:
		return fmt.Sprintf("note: line %d: %s: %s", note.Line, note.Name, note.Text)
	case note.Name != "":
		return fmt.Sprintf("note: %s: %s", note.Name, note.Text)
	}
	return "note: " + note.Text
}

func readTurnserver(name string) (string, error) {
	file, err := os.Open(name)
	if err != nil {
		return "", fmt.Errorf("convert: %w", err)
	}
	defer file.Close()
	text, err := io.ReadAll(io.LimitReader(file, maxTurnserverBytes+1))
	switch {
	case err != nil:
		return "", fmt.Errorf("convert: %w", err)
	case len(text) > maxTurnserverBytes:
		return "", fmt.Errorf("convert: %s is too long for a turnserver.conf", name)
	}
	return string(text), nil
}
