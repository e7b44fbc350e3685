package tlsconf

import (
	"crypto/sha256"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"time"
)

// maxFileBytes bounds a PEM file; a long chain needs a tenth.
const maxFileBytes = 1 << 20

// pair is one certificate with its key as read from the disk.
type pair struct {
	files       Files
	certificate *tls.Certificate  // what is served; Leaf is set
	digest      [sha256.Size]byte // of the two files that it was read from

	refused    [sha256.Size]byte // digest of the content that did not work, zero if it could not be read
	failure    string            // why it did not; empty when the disk holds what is served
	isReported bool              // whether failure was logged and counted
	warned     time.Time         // when the expiry was last logged
}

// content is what the two files hold at one moment.
type content struct {
	certificate, key []byte
	keyMode          fs.FileMode
}

// readPair reads and checks a pair; certificate and key must match.
func readPair(files Files) (*pair, content, error) {
	found, err := readFiles(files)
	if err != nil {
		return nil, content{}, err
	}
	certificate, err := found.parse(files)
	if err != nil {
		return nil, content{}, err
	}
	return &pair{files: files, certificate: certificate, digest: found.digest()}, found, nil
}

func readFiles(files Files) (found content, err error) {
	if found.certificate, _, err = readBounded(files.Certificate); err != nil {
		return content{}, fmt.Errorf("read certificate: %w", err)
	}
	if found.key, found.keyMode, err = readBounded(files.Key); err != nil {
		return content{}, fmt.Errorf("read private key: %w", err)
	}
	return found, nil
}

// parse turns PEM into what a handshake needs. Its errors name the files and
// quote nothing of them.
func (c content) parse(files Files) (*tls.Certificate, error) {
	certificate, err := tls.X509KeyPair(c.certificate, c.key)
	if err != nil {
		return nil, fmt.Errorf("use certificate %s with private key %s: %w", files.Certificate, files.Key, err)
	}
	return &certificate, nil
}

func (c content) digest() [sha256.Size]byte {
	h := sha256.New()
	fmt.Fprintf(h, "%d ", len(c.certificate))
	h.Write(c.certificate)
	h.Write(c.key)
	return [sha256.Size]byte(h.Sum(nil))
}

// isReadableByAll reports whether everybody on the machine can read the key.
func (c content) isReadableByAll() bool { return c.keyMode&0o004 != 0 }

func readBounded(name string) ([]byte, fs.FileMode, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, 0, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, 0, err
	}
	text, err := io.ReadAll(io.LimitReader(f, maxFileBytes+1))
	switch {
	case err != nil:
		return nil, 0, err
	case len(text) > maxFileBytes:
		return nil, 0, &fs.PathError{Op: "read", Path: name, Err: errors.New("too long for a PEM file")}
	}
	return text, info.Mode(), nil
}
