package statefile

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// maxBytes bounds what is read back, so that a path to the wrong file shows as
// such.
const maxBytes = 256 << 20

// File is a document of type T.
type File[T any] struct{ path string }

// In names a file of a directory, which must exist.
func In[T any](directory, name string) File[T] { return File[T]{path: filepath.Join(directory, name)} }

// Load returns what was saved last, the zero value when nothing ever was. A
// file that is not what Save wrote is an error that names it.
func (f File[T]) Load() (T, error) {
	var value T
	file, err := os.Open(f.path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return value, nil
	case err != nil:
		return value, err
	}
	defer file.Close()
	content, err := io.ReadAll(io.LimitReader(file, maxBytes))
	if err != nil {
		return value, fmt.Errorf("read %s: %w", f.path, err)
	}
	decoder := json.NewDecoder(bytes.NewReader(content))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&value); err != nil {
		return value, fmt.Errorf("read %s: %w; restore the file from a backup, or move it away to start without it", f.path, err)
	}
	return value, nil
}

// Save replaces the document. The file is for its owner only.
func (f File[T]) Save(value T) (err error) {
	content, err := json.MarshalIndent(value, "", " ")
	if err != nil {
		return fmt.Errorf("write %s: %w", f.path, err)
	}
	directory := filepath.Dir(f.path)
	next, err := os.CreateTemp(directory, filepath.Base(f.path)+".*.new") // with mode 0600
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			os.Remove(next.Name())
		}
	}()
	_, err = next.Write(append(content, '\n'))
	err = errors.Join(err, next.Sync(), next.Close())
	if err != nil {
		return err
	}
	if err := os.Rename(next.Name(), f.path); err != nil {
		return err
	}
	return syncDirectory(directory)
}

// syncDirectory makes a rename last.
func syncDirectory(name string) error {
	directory, err := os.Open(name)
	if err != nil {
		return err
	}
	defer directory.Close()
	return directory.Sync()
}
