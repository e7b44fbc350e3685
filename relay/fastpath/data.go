package fastpath

import (
	crand "crypto/rand"
	"encoding/binary"
	"math/rand/v2"

	"github.com/fairlead/fairlead/internal/wire"
)

// putData writes the header of a Data indication in front of the n bytes from
// Headroom on. The peer is shown by its alias.
func (w *Worker) putData(buf []byte, n int) (offset, size int) {
	peer := w.down.from
	w.toExternal(&peer.IP)
	id := w.transactionID()
	return wire.PutData(buf, wire.Headroom, n, peer.AddrPort(), &id)
}

// transactionID returns one that nobody can guess.
func (w *Worker) transactionID() (id [wire.TransactionIDSize]byte) {
	binary.LittleEndian.PutUint64(id[:8], w.ids.Uint64())
	binary.LittleEndian.PutUint32(id[8:], uint32(w.ids.Uint64()))
	return id
}

// newIDs returns a source of transaction ids that nobody can predict.
func newIDs() *rand.ChaCha8 {
	var seed [32]byte
	_, _ = crand.Read(seed[:]) // never fails: crypto/rand ends the process instead
	return rand.NewChaCha8(seed)
}
