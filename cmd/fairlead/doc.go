// Command fairlead is the server and its tools: one file for each verb.
//
//	serve         run the server
//	config        check a configuration, or show the one in effect
//	credentials   issue a credential for clients
//	bench         measure what a relay costs, this one or any other
//	version       what this binary is
//
// The verbs read the configuration through internal/config only. Results go to
// standard output, everything else to standard error. The exit code is 0, 1
// when a verb failed, or 2 when it was called the wrong way.
package main
