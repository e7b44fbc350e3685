package wire

import (
	"fmt"

	"github.com/pion/stun/v3"
)

// Builder writes one STUN message after another into a reused buffer. Start
// with Answer, Request or Indication, add attributes in order, then sign and
// fingerprint. The zero value is ready; it is not safe for concurrent use.
//
// Values come from this server, not from the network; one that does not fit its
// attribute or the message is a mistake of the caller and panics.
type Builder struct {
	msg stun.Message
	mac mac
}

// Answer starts a response to a message: same method and transaction id.
func (b *Builder) Answer(to *Message, class Class) {
	b.start(to.Method, class, to.TransactionID)
}

// Request starts a request.
func (b *Builder) Request(method Method, tid [TransactionIDSize]byte) {
	b.start(method, ClassRequest, tid)
}

// Indication starts an indication.
func (b *Builder) Indication(method Method, tid [TransactionIDSize]byte) {
	b.start(method, ClassIndication, tid)
}

// Bytes returns the message. It is valid until the next one is started.
func (b *Builder) Bytes() []byte { return b.msg.Raw }

func (b *Builder) start(method Method, class Class, tid [TransactionIDSize]byte) {
	b.msg.Reset()
	b.msg.Type = stun.MessageType{Method: stun.Method(method), Class: stun.MessageClass(class)}
	b.msg.TransactionID = tid
	b.msg.WriteHeader()
}

// Attribute adds an attribute of any type; pion/stun pads it with zeros.
func (b *Builder) Attribute(t AttrType, value []byte) {
	if int(b.msg.Length)+attributeHeaderSize+padded(len(value)) > maxAttributes {
		panic(fmt.Sprintf("add %s of %d bytes: message too long", t, len(value)))
	}
	b.msg.Add(stun.AttrType(t), value)
}

// text adds an attribute whose value is at most limit bytes.
func (b *Builder) text(t AttrType, value string, limit int) {
	if len(value) > limit {
		panic(fmt.Sprintf("add %s of %d bytes: longer than %d", t, len(value), limit))
	}
	b.Attribute(t, []byte(value))
}
