// Package fastpath forwards relayed datagrams between clients and peers.
//
// It is the code that runs for each packet, and the tables that it reads. It
// knows transport addresses, channel numbers, expiry, permissions and byte
// budgets, and the ChannelData, Send and Data framings; it does not know users,
// realms, requests or configuration. Every other STUN message goes to one
// function of the control code, Config.Control, once for each batch.
//
// A Worker is one locked OS thread with its own sockets, tables, buffers and
// counters. Each allocation belongs to one Worker, and only the Worker's thread
// may touch it: that is the thread on which Control, Tick and the functions
// given to Post and AfterBreak run, and all methods of Worker must be called from
// there (or before Run), except Post, Deliver, Stats and ID, which any goroutine
// may call.
// There is no lock on the way of a packet, no allocation, no log line and no clock
// read; a drop is a counter with a reason.
//
// The tables hold no Go pointers. Control code publishes entries with remaining
// durations; entries expire by themselves on the boot clock, which stops their
// traffic, and stay until control withdraws them.
//
// Implements RFC 8656 sections 11 and 12 (Send, Data, ChannelData) on the
// server's side, and the demultiplexing of RFC 7983.
package fastpath
