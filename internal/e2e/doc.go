// Package e2e tries the built server with real clients in network namespaces.
//
// Its tests start `fairlead serve` as a user would, in the middle of a
// testnet.Net, and reach it with programs and libraries that others wrote:
// Chromium, pion/webrtc, pion/turn, coturn's turnutils. Where a test must say
// exactly what is sent, it uses client, a TURN client of our own on pion/stun
// that hides nothing. No test looks inside the server: a test knows answers,
// relayed bytes, logs, metrics, exit codes and what /proc shows.
//
// Whatever a server writes while a test runs (its log, its metrics, its answers by
// HTTP, the configuration that it shows) is searched for every secret of the test
// when it ends: secretBook knows them, startServer and fairlead see to it.
//
// Everything here stands behind the build tag e2e (`make e2e`) or soak (`make
// soak`, the long ones) and needs root. The server's binary comes from the flag
// -fairlead. Tests are bounded in time, wait on conditions, and never skip.
package e2e
