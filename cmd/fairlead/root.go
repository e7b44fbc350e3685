package main

import (
	"github.com/spf13/cobra"

	"github.com/fairlead/fairlead/internal/config"
)

// newRootCommand puts the verbs together. isStarted becomes true when the
// command line has been understood and a verb begins its work.
func newRootCommand(isStarted *bool) *cobra.Command {
	root := &cobra.Command{
		Use:   "fairlead",
		Short: "A STUN and TURN relay server for WebRTC",
		Long: `Fairlead relays media for browsers that cannot reach each other directly.

  fairlead serve --dev               try it: prints a working credential
  fairlead config check FILE         find every mistake in a configuration
  fairlead serve --config FILE       run the server`,
		RunE:              showHelp,
		SilenceErrors:     true,
		SilenceUsage:      true,
		CompletionOptions: cobra.CompletionOptions{HiddenDefaultCmd: true},
	}
	options := &config.Options{}
	flags := root.PersistentFlags()
	flags.StringVarP(&options.File, "config", "c", "", "configuration file (YAML); also from "+config.FileVariable)
	flags.StringArrayVar(&options.Set, "set", nil, "set one key, as in --set log.level=debug; may be repeated, wins over file and environment")
	root.AddCommand(
		newServeCommand(options),
		newConfigCommand(options),
		newCredentialsCommand(options),
		newUsersCommand(options),
		newSecretsCommand(options),
		newCtlCommand(options),
		newBenchCommand(),
		newVersionCommand(),
	)
	noteStart(root, isStarted)
	return root
}

// noteStart makes every verb say that it was called the right way: what fails
// before is a matter of usage.
func noteStart(cmd *cobra.Command, isStarted *bool) {
	if run := cmd.RunE; run != nil {
		cmd.RunE = func(cmd *cobra.Command, args []string) error {
			*isStarted = true
			return run(cmd, args)
		}
	}
	for _, sub := range cmd.Commands() {
		noteStart(sub, isStarted)
	}
}

// showHelp is what a command does that only has commands below it.
func showHelp(cmd *cobra.Command, _ []string) error { return cmd.Help() }
