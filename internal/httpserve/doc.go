// Package httpserve runs one HTTP listener with bounds on everything that a
// client could draw out: headers, bodies, time, connections.
//
// An address is an IP address with a port, or unix: and the path of a socket,
// which only the user that runs the server may open. It authenticates nobody;
// handlers do. A Server belongs to whoever called Listen: Run closes it.
package httpserve
