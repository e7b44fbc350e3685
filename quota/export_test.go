package quota

// Accounts returns how many users and clients the ledger remembers.
func (l *Ledger) Accounts() (users, clients int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for h := range l.book.accounts {
		switch h.kind {
		case KindUser:
			users++
		case KindClient:
			clients++
		}
	}
	return users, clients
}

// Idle returns how many accounts wait for their rate to recover.
func (l *Ledger) Idle() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.book.idle)
}
