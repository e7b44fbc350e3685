//go:build !linux || portable

package udpbatch

type noticeBuffers struct{}

func (*noticeBuffers) wire() {}

// CollectNotices does nothing: there is no error queue here.
func (c *Conn) CollectNotices(*Notices) {}
