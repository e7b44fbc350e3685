// Package credentials hands out REST credentials over HTTP, in the shapes that
// clients of such services expect.
//
// A Grant is one credential with the URLs to use it at; Format writes it. The
// Endpoint is the HTTP handler: it knows API keys, each with the shared secret
// that its credentials are made with, a longest time to live and a rate. A key may
// be allowed to take credentials of its realm and tenant back, too.
//
// It opens no listener and knows no sockets; the URLs come from a function. Every
// answer forbids caches to keep it. Keys are compared in constant time, and
// neither they nor credentials reach a log.
//
// An Endpoint is safe for concurrent use. Its configuration is an immutable
// value behind an atomic pointer, which Apply replaces; the mutex of a key's
// rate is taken alone.
package credentials
