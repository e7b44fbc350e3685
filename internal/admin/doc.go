// Package admin serves HTTP to operators and their tools: /metrics, /healthz
// and /readyz, on a listener of its own that is never shared with relaying
// and is unreachable as a peer.
//
// /healthz says whether every worker still answers (restart the process when
// it does not); /readyz says whether new clients should be sent here.
//
// It holds no state: what it tells comes from functions given by cmd.
package admin
