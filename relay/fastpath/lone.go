package fastpath

import "github.com/fairlead/fairlead/internal/udpbatch"

// lone is the socket that was alone in having something, round after round, as that of
// the only flow is, or the listening socket while clients come one by one. It is then
// read without asking the poller, which saves one system call of four for each packet.
// Nobody else waits long for it: one round in a few asks.
type lone struct {
	token  uint32
	rounds int // in a row, as far as they matter
	unseen int // rounds since the last that asked
}

const (
	surelyLone = 16 // rounds in a row
	mostUnseen = 3  // rounds in a row that do not ask
)

// saw notes what the poller reported: so many events, and the first of them.
func (l *lone) saw(events int, e udpbatch.Event) {
	l.unseen = 0
	if events == 1 && e.Readable && !e.Failed && e.Token&streamToken == 0 {
		if e.Token == l.token {
			l.rounds = min(l.rounds+1, surelyLone)
			return
		}
		l.token = e.Token
	}
	l.rounds = 0
}

// isLikely reports whether to read the socket without asking.
func (l *lone) isLikely() bool {
	if l.rounds < surelyLone || l.unseen == mostUnseen {
		return false
	}
	l.unseen++
	return true
}

// serveLone serves the lone socket, if there is one, and reports whether it had
// something. It is the poller's Guess, and the first step of the round: a Wait that
// guesses may sleep, so no stream is to be served again and no posted function waits,
// and what is queued here is sent before control code runs.
func (w *Worker) serveLone() bool {
	if !w.lone.isLikely() {
		return false
	}
	w.readClock()
	packets := 0
	if token := w.lone.token; token&listenerToken != 0 {
		packets = w.serveListener(ListenerID(token &^ listenerToken))
	} else {
		packets = w.serveRelay(udpbatch.Event{Token: token, Readable: true})
	}
	if packets == 0 {
		w.lone.rounds = 0
		return false
	}
	w.stir()
	return true
}
