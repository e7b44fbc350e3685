package main

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/fairlead/fairlead/internal/testnet"
)

// What ctl bans is listed, survives a restart and can be lifted by id and by prefix.
func TestCtlBans(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "fairlead.yaml")
	write := func(more string) {
		t.Helper()
		text := fmt.Sprintf(`
listeners: [{address: "127.0.0.1:%d", transport: udp}]
workers: 1
stun: {only: true}
monitoring: {address: "off"}
admin: {address: "unix:%s/admin.sock"}
%s
`, testnet.FreePort(t, "127.0.0.1"), dir, more)
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	ctl := func(code int, args ...string) (stdout, stderr string) {
		t.Helper()
		stdout, stderr = runCtl(t, file, code, args...)
		return strings.TrimSpace(stdout), stderr
	}
	write(fmt.Sprintf("state_dir: %q", dir))
	stop := serveFile(t, file)
	id, _ := ctl(exitOK, "ban", "192.0.2.0/24")
	ctl(exitOK, "ban", "2001:db8::7", "--for", "24h")
	for _, test := range []struct {
		args []string
		want string
	}{
		{[]string{"ban", "0.0.0.0/0"}, "is wider than /8"},
		{[]string{"ban", "192.0.2.1/24"}, "write 192.0.2.0/24 for the whole prefix"},
		{[]string{"ban", "192.0.2.7", "--for", "721h"}, "lasts 720 hours at most"},
		{[]string{"unban", "192.0.2.7"}, "no ban of this id"},
	} {
		if _, stderr := ctl(exitFailed, test.args...); !strings.Contains(stderr, test.want) {
			t.Errorf("ctl %v: got %q, want %q", test.args, stderr, test.want)
		}
	}
	ctl(exitUsage, "ban")
	stop()

	stop = serveFile(t, file)
	listed, stderr := ctl(exitOK, "bans")
	want := regexp.MustCompile(`^ID +PREFIX +UNTIL\n` + id + `  192\.0\.2\.0/24 +20\d\d-\S+Z\n\w{16}  2001:db8::7/128  20\d\d-\S+Z$`)
	if !want.MatchString(listed) || stderr != "" {
		t.Errorf("after a restart: got %q, %q, want what was banned before", listed, stderr)
	}
	ctl(exitOK, "unban", id)
	ctl(exitOK, "unban", "2001:db8::7")
	if listed, _ = ctl(exitOK, "bans"); strings.Contains(listed, "\n") {
		t.Errorf("got %q, want nobody banned", listed)
	}
	stop()

	write("")
	defer serveFile(t, file)()
	if _, stderr := ctl(exitOK, "bans"); !strings.Contains(stderr, "state_dir is not set") {
		t.Errorf("without a state directory: got %q, want a note", stderr)
	}
}
