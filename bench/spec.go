package bench

// Spec says how to start a server. Placeholders (see placeholders) may stand
// anywhere in Command and in the text of Files.
type Spec struct {
	Name    string
	Command string            // for /bin/sh; runs until SIGTERM
	Files   map[string]string // name -> text, written to {directory} before the start
	Version string            // for the report; may be empty
}
