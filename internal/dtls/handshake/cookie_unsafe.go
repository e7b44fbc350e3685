package handshake

import (
	"bytes"
	"fmt"
	"reflect"
	"unsafe"

	pion "github.com/pion/dtls/v3"
)

// The library makes up a cookie for each client that it has state for, and has no
// way to be told one that was checked before there was any state. So the field is
// set: state.cookie of a Conn, by the goroutine that writes and reads it, between
// sending HelloVerifyRequest and reading what follows. checkCookieField refuses a
// version of the library that has no such field, and a test would show one that
// does not heed it.

// cookieField finds the field in a Conn.
func cookieField(conn *pion.Conn) reflect.Value {
	return reflect.ValueOf(conn).Elem().FieldByName("state").FieldByName("cookie")
}

// checkCookieField says whether the library has the field.
func checkCookieField() error {
	conn := reflect.TypeFor[pion.Conn]()
	state, ok := conn.FieldByName("state")
	if ok && state.Type.Kind() == reflect.Struct {
		if cookie, ok := state.Type.FieldByName("cookie"); ok && cookie.Type == reflect.TypeFor[[]byte]() {
			return nil
		}
	}
	return fmt.Errorf("%s has no field state.cookie of bytes: use the version of go.mod", conn)
}

// setCookie makes conn await a cookie.
func setCookie(conn *pion.Conn, cookie []byte) {
	field := cookieField(conn)
	*(*[]byte)(unsafe.Pointer(field.UnsafeAddr())) = bytes.Clone(cookie)
}
