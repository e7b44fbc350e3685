package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/fairlead/fairlead/authn"
	"github.com/fairlead/fairlead/authn/store"
	"github.com/fairlead/fairlead/internal/config"
)

// storeTimeout bounds one command on a store.
const storeTimeout = time.Minute

// adminTarget says which store and realm a command is about.
type adminTarget struct {
	store, file, realm string
}

// addFlags gives a command the flags of its target.
func (a *adminTarget) addFlags(cmd *cobra.Command) {
	flags := cmd.PersistentFlags()
	flags.StringVar(&a.store, "store", "", "name of the store in the configuration (default: the first that can be written to)")
	flags.StringVar(&a.file, "db", "", "SQLite file to use instead of a store of the configuration (default: "+config.DefaultStorePath+" when that has none)")
	flags.StringVar(&a.realm, "realm", "", "realm (default: auth.realm of the configuration)")
	cmd.MarkFlagsMutuallyExclusive("store", "db")
}

// run opens the store, does the work with a prepared realm and closes it.
func (a adminTarget) run(ctx context.Context, options config.Options, work func(ctx context.Context, db store.Admin, realm string) error) error {
	cfg, err := config.Read(options)
	if err != nil {
		return err
	}
	realm, err := authn.PrepareRealm(firstOf(a.realm, cfg.Auth.Realm))
	if err != nil {
		return fmt.Errorf("realm %w", err)
	}
	chosen, err := a.choose(cfg.Auth.Stores, realm)
	if err != nil {
		return err
	}
	backend, err := chosen.Backend(0, true)
	if err != nil {
		return err
	}
	defer backend.Close()
	db, isWritable := backend.(store.Admin)
	if !isWritable {
		return fmt.Errorf("a store of type %s cannot be written to: give its users to the service that it asks", chosen.Type)
	}
	ctx, cancel := context.WithTimeout(ctx, storeTimeout)
	defer cancel()
	return work(ctx, db, realm)
}

// choose finds the store that the flags name. One that the server does not ask
// about the realm would keep users that nobody finds.
func (a adminTarget) choose(stores []config.Store, realm string) (config.Store, error) {
	if a.file != "" {
		return config.Store{Type: "sqlite", Path: a.file}, nil
	}
	var names, strange []string
	for _, s := range stores {
		switch {
		case a.store == "" && s.IsDatabase() && s.Serves(realm):
			return s, nil
		case a.store == "" && s.IsDatabase():
			strange = append(strange, s.Name)
		case s.Name == a.store && !s.Serves(realm):
			return config.Store{}, fmt.Errorf("store %q does not serve realm %q, only %s: give one of them with --realm", s.Name, realm, strings.Join(s.Realms, ", "))
		case s.Name == a.store:
			return s, nil
		}
		names = append(names, s.Name)
	}
	switch {
	case len(strange) > 0:
		return config.Store{}, fmt.Errorf("no database of the configuration serves realm %q: give another --realm, or add it to realms of %s", realm, strings.Join(strange, " or "))
	case a.store == "":
		return config.Store{Type: "sqlite"}, nil
	case len(names) == 0:
		return config.Store{}, fmt.Errorf("no store %q: the configuration has none in auth.stores", a.store)
	}
	return config.Store{}, fmt.Errorf("no store %q, only %s", a.store, strings.Join(names, ", "))
}

func firstOf(texts ...string) string {
	for _, text := range texts {
		if text != "" {
			return text
		}
	}
	return ""
}

// readHidden asks for a secret text: twice and without echo on a terminal, else
// it takes the first line of the input. A command line would show it to everybody.
func readHidden(cmd *cobra.Command, what string) (string, error) {
	in := cmd.InOrStdin()
	if file, ok := in.(*os.File); ok && term.IsTerminal(int(file.Fd())) {
		return promptTwice(cmd.ErrOrStderr(), int(file.Fd()), what)
	}
	line, err := bufio.NewReader(io.LimitReader(in, 64<<10)).ReadString('\n')
	if err != nil && !errors.Is(err, io.EOF) {
		return "", fmt.Errorf("read the %s: %w", what, err)
	}
	if line = strings.TrimRight(line, "\r\n"); line == "" {
		return "", fmt.Errorf("no %s on standard input: give it as one line", what)
	}
	return line, nil
}

func promptTwice(out io.Writer, fd int, what string) (string, error) {
	var texts [2]string
	for i, prompt := range []string{what, what + " again"} {
		fmt.Fprintf(out, "%s: ", prompt)
		text, err := term.ReadPassword(fd)
		fmt.Fprintln(out)
		if err != nil {
			return "", fmt.Errorf("read the %s: %w", what, err)
		}
		texts[i] = string(text)
	}
	if texts[0] != texts[1] {
		return "", errors.New("the two differ: nothing was changed")
	}
	return texts[0], nil
}
