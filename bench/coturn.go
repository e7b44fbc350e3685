package bench

import (
	"context"
	"fmt"
	"os/exec"
	"strings"
	"time"
)

// coturnCommand starts coturn with one relay thread, for the one CPU, and its
// defaults otherwise.
const coturnCommand = "%s -n -m 1 --no-cli --no-rfc5780" +
	" --log-file stdout --pidfile {directory}/pid --userdb {directory}/turndb" +
	" --listening-ip {listen} --listening-port {port} --relay-ip {relay}" +
	" --min-port {min_port} --max-port {max_port}" +
	" --lt-cred-mech --user {user}:{password} --realm {realm}"

// coturnSwitches go with the transport of the clients. What is switched off has
// no part in relaying over UDP.
var coturnSwitches = map[Transport]string{
	UDP:  " --no-tls --no-dtls --no-tcp",
	TCP:  " --no-tls --no-dtls",
	TLS:  " --no-dtls --cert {certificate} --pkey {key}",
	DTLS: " --no-tls --no-tcp --cert {certificate} --pkey {key}",
}

// coturnFastSwitches make newer versions batch and segment what they send.
const coturnFastSwitches = " --multiplex-peer --udp-gso"

// coturnTimeout bounds a question to the program.
const coturnTimeout = 10 * time.Second

// Coturn finds turnserver, a path or a name, and returns it with its defaults
// and, when it knows them, with its fast switches. The first is what others
// are compared with.
func Coturn(ctx context.Context, program string, t Transport) ([]Spec, error) {
	path, err := exec.LookPath(program)
	if err != nil {
		return nil, fmt.Errorf("find coturn: %w; install the package coturn or give --coturn PATH", err)
	}
	// Both ways of asking exit with an error in some versions.
	version := strings.TrimSpace(ask(ctx, path, "--version"))
	if lines := strings.Split(version, "\n"); len(lines) > 1 {
		version = lines[len(lines)-1]
	}
	command := fmt.Sprintf(coturnCommand, path) + coturnSwitches[t]
	specs := []Spec{{Name: "coturn", Command: command, Version: version}}
	if help := ask(ctx, path, "-h"); strings.Contains(help, "--multiplex-peer") && strings.Contains(help, "--udp-gso") {
		specs = append(specs, Spec{Name: "coturn, fast", Command: command + coturnFastSwitches, Version: version})
	}
	return specs, nil
}

// ask returns what the program prints, whether it likes the argument or not.
func ask(ctx context.Context, path, arg string) string {
	ctx, cancel := context.WithTimeout(ctx, coturnTimeout)
	defer cancel()
	out, _ := exec.CommandContext(ctx, path, arg).CombinedOutput()
	return string(out)
}
