// Package turnserver turns a turnserver.conf, the configuration file of coturn, into
// one of this server.
//
// Convert reads the text and returns a configuration with what it could take over, and
// a Note for everything that means something else here, has no counterpart, or has to
// be looked at by hand. What is not mentioned in the file stays at this server's own
// defaults, not at those of coturn.
//
// It opens no file and no database, and knows nothing of a running server.
package turnserver
