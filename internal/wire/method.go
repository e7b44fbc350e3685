package wire

import "fmt"

// Method is the 12-bit method of a STUN message (RFC 8489 section 5).
type Method uint16

// The methods of RFC 8489 section 18.2, RFC 8656 section 17 and RFC 6062
// section 6.1.
const (
	MethodBinding           Method = 0x001
	MethodAllocate          Method = 0x003
	MethodRefresh           Method = 0x004
	MethodSend              Method = 0x006
	MethodData              Method = 0x007
	MethodCreatePermission  Method = 0x008
	MethodChannelBind       Method = 0x009
	MethodConnect           Method = 0x00A
	MethodConnectionBind    Method = 0x00B
	MethodConnectionAttempt Method = 0x00C
)

// String returns the method's name in the RFCs, or its number.
func (m Method) String() string {
	switch m {
	case MethodBinding:
		return "Binding"
	case MethodAllocate:
		return "Allocate"
	case MethodRefresh:
		return "Refresh"
	case MethodSend:
		return "Send"
	case MethodData:
		return "Data"
	case MethodCreatePermission:
		return "CreatePermission"
	case MethodChannelBind:
		return "ChannelBind"
	case MethodConnect:
		return "Connect"
	case MethodConnectionBind:
		return "ConnectionBind"
	case MethodConnectionAttempt:
		return "ConnectionAttempt"
	}
	return fmt.Sprintf("Method(0x%03X)", uint16(m))
}

// Class is the 2-bit class of a STUN message (RFC 8489 section 5).
type Class uint8

// The four classes.
const (
	ClassRequest Class = iota
	ClassIndication
	ClassSuccess
	ClassError
)

// String returns the class's name in the RFCs.
func (c Class) String() string {
	switch c {
	case ClassRequest:
		return "request"
	case ClassIndication:
		return "indication"
	case ClassSuccess:
		return "success response"
	case ClassError:
		return "error response"
	}
	return fmt.Sprintf("Class(%d)", uint8(c))
}

// splitType takes method and class out of the first 16 bits of a header. The two
// class bits lie between the method's: M11..M7 C1 M6..M4 C0 M3..M0 (RFC 8489
// section 5).
func splitType(t uint16) (Method, Class) {
	return Method(t&0x000F | t>>1&0x0070 | t>>2&0x0F80), Class(t>>4&1 | t>>7&2)
}
