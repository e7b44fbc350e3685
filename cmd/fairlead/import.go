package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/fairlead/fairlead/authn"
	"github.com/fairlead/fairlead/authn/store"
	"github.com/fairlead/fairlead/authn/store/sqldb"
	"github.com/fairlead/fairlead/internal/config"
)

// importer copies users into a store and counts.
type importer struct {
	db      store.Admin
	replace bool

	added, replaced, skipped, md5Only int
}

func newUsersImportCommand(options *config.Options, target *adminTarget) *cobra.Command {
	var replace bool
	cmd := &cobra.Command{
		Use:   "import FILE",
		Short: "Take over users from coturn or from a list",
		Long: `Take over users from an SQLite file of coturn (turndb) or of Fairlead, or from a
text file with one user a line:

  user=NAME:0xKEY      as in turnserver.conf; KEY as turnadmin -k prints it
  user=NAME:PASSWORD
  NAME:0xKEY           in the realm of --realm
  REALM,NAME,KEY       CSV, such as a dump of the table turnusers_lt
  NAME,KEY

Empty lines, comments (#), and other lines of a turnserver.conf are left out. Keys
of coturn are MD5 keys: while a realm has one, it announces no SHA-256. Users
that exist stay as they are unless --replace is given.`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return target.run(cmd.Context(), *options, func(ctx context.Context, db store.Admin, realm string) error {
				if err := db.Prepare(ctx); err != nil {
					return err
				}
				i := &importer{db: db, replace: replace}
				err := i.file(ctx, args[0], realm)
				fmt.Fprintf(cmd.OutOrStdout(), "added %d, replaced %d, left %d as they are; %d have an MD5 key only\n", i.added, i.replaced, i.skipped, i.md5Only)
				return err
			})
		},
	}
	cmd.Flags().BoolVar(&replace, "replace", false, "replace users that exist")
	return cmd
}

// file imports a database or a text, by its first bytes.
func (i *importer) file(ctx context.Context, path, realm string) error {
	content, err := os.ReadFile(path)
	if err != nil {
		return fmt.Errorf("import: %w", err)
	}
	if !bytes.HasPrefix(content, []byte("SQLite format 3\x00")) {
		return i.text(ctx, content, realm)
	}
	for _, schema := range []sqldb.Schema{sqldb.SchemaCoturn, sqldb.SchemaFairlead} {
		source, err := sqldb.Open(sqldb.Config{Dialect: sqldb.SQLite, Source: path, Schema: schema})
		if err != nil {
			return err
		}
		defer source.Close()
		if source.Ping(ctx) == nil {
			return source.Each(ctx, func(realm, name string, key authn.Key) error { return i.user(ctx, realm, name, key) })
		}
	}
	return fmt.Errorf("import %s: it has neither a table turnusers_lt nor fairlead_users", path)
}

// text imports a list. It goes on after a line that it cannot read and shows
// none, as there are keys and passwords in them.
func (i *importer) text(ctx context.Context, content []byte, realm string) error {
	var problems []error
	lines := bufio.NewScanner(bytes.NewReader(content))
	for n := 1; lines.Scan(); n++ {
		u, err := parseUser(strings.TrimSpace(lines.Text()), realm)
		if err == nil && u != nil {
			err = i.user(ctx, u.realm, u.name, u.key)
		}
		if err != nil {
			problems = append(problems, fmt.Errorf("line %d: %w", n, err))
		}
	}
	return errors.Join(append(problems, lines.Err())...)
}

// importedUser is what a line says.
type importedUser struct {
	realm, name string
	key         authn.Key
}

// parseUser reads one line; nil for one that is not about a user.
func parseUser(line, realm string) (*importedUser, error) {
	setting, value, isSetting := strings.Cut(line, "=")
	isSetting = isSetting && !strings.ContainsAny(setting, ":,")
	switch {
	case line == "" || strings.HasPrefix(line, "#") || line == "realm,name,hmackey" || isSetting && strings.TrimSpace(setting) != "user":
		return nil, nil
	case isSetting:
		return userWithPassword(strings.TrimSpace(value), realm)
	case strings.Contains(line, ","):
		return userOfCSV(strings.Split(line, ","), realm)
	case !strings.Contains(line, ":"):
		if !strings.Contains(line, "0x") && !strings.Contains(line, "[") {
			return nil, nil // a switch of turnserver.conf
		}
		return nil, errors.New("has a key without a name, or a name without a key (turnadmin -l prints none: import its database)")
	}
	return userWithPassword(line, realm)
}

// userWithPassword reads NAME:0xKEY or NAME:PASSWORD.
func userWithPassword(text, realm string) (*importedUser, error) {
	name, secret, found := strings.Cut(text, ":")
	if !found || secret == "" {
		return nil, errors.New("has no key and no password")
	}
	u := &importedUser{realm: realm, name: name}
	var err error
	if strings.HasPrefix(secret, "0x") {
		u.key, err = authn.ParseKey(secret)
	} else {
		u.key, err = authn.LongTermKey(name, realm, secret)
	}
	return u, err
}

// userOfCSV reads REALM,NAME,KEY or NAME,KEY; fields may stand in quotes.
func userOfCSV(fields []string, realm string) (*importedUser, error) {
	for i := range fields {
		fields[i] = strings.Trim(strings.TrimSpace(fields[i]), `"`)
	}
	switch len(fields) {
	case 2:
		fields = append([]string{realm}, fields...)
	case 3:
	default:
		return nil, fmt.Errorf("has %d fields, want realm,name,key or name,key", len(fields))
	}
	key, err := authn.ParseKey(fields[2])
	return &importedUser{realm: fields[0], name: fields[1], key: key}, err
}

// user keeps one user.
func (i *importer) user(ctx context.Context, realm, name string, key authn.Key) error {
	if _, err := authn.PrepareUsername(name); err != nil {
		return fmt.Errorf("name %w", err)
	}
	if _, err := authn.PrepareRealm(realm); err != nil {
		return fmt.Errorf("realm %w", err)
	}
	err := i.db.AddUser(ctx, realm, name, key)
	switch {
	case errors.Is(err, store.ErrExists) && !i.replace:
		i.skipped++
		return nil
	case errors.Is(err, store.ErrExists):
		if err = i.db.SetUser(ctx, realm, name, key); err == nil {
			i.replaced++
		}
	case err == nil:
		i.added++
	}
	if err == nil && key.SHA256 == (authn.Key{}).SHA256 {
		i.md5Only++
	}
	return aboutUser(err, name, realm)
}
