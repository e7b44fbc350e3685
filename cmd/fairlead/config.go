package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/fairlead/fairlead/internal/config"
	"github.com/fairlead/fairlead/internal/tlsconf"
)

func newConfigCommand(options *config.Options) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "config",
		Short: "Check a configuration, show the one in effect, or take over one of coturn",
		Args:  cobra.NoArgs,
		RunE:  showHelp,
	}
	cmd.AddCommand(newConfigCheckCommand(options), newConfigShowCommand(options), newConfigConvertCommand())
	return cmd
}

func newConfigCheckCommand(options *config.Options) *cobra.Command {
	return &cobra.Command{
		Use:   "check [FILE]",
		Short: "List every problem of a configuration",
		Long: `Read the file, the environment and --set as the server would, and list every
problem with its place, path and rule; then try the certificate files. Prints ok and exits with 0 when there is
none; warnings do not change the exit code.`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			cfg, warnings, err := config.Load(withFile(*options, args))
			if err != nil {
				return err
			}
			if err := tlsconf.Check(cfg.CertificateFiles()); err != nil {
				return err
			}
			for _, warning := range warnings {
				fmt.Fprintf(cmd.ErrOrStderr(), "warning: %s\n", warning)
			}
			_, err = fmt.Fprintln(cmd.OutOrStdout(), "ok")
			return err
		},
	}
}

func newConfigShowCommand(options *config.Options) *cobra.Command {
	return &cobra.Command{
		Use:   "show [FILE]",
		Short: "Print every value in effect and where it comes from",
		Long: `Print the configuration that the server would use: every key, its value, and as
a comment the layer that it comes from. Secrets show as ***. Values that do not
make sense are shown, too, and then listed as problems.`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			cfg, err := config.Read(withFile(*options, args))
			if err != nil {
				return err
			}
			if err := cfg.WriteYAML(cmd.OutOrStdout()); err != nil {
				return err
			}
			return cfg.Validate()
		},
	}
}

// withFile prefers the file named as an argument.
func withFile(options config.Options, args []string) config.Options {
	if len(args) > 0 {
		options.File = args[0]
	}
	return options
}
