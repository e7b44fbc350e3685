package fastpath_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"syscall"
	"testing"
	"time"

	"github.com/fairlead/fairlead/internal/udpbatch"
	"github.com/fairlead/fairlead/relay/fastpath"
)

// request starts like a Binding request, which is all that the fast path sees.
func request(text string) []byte { return append([]byte{0, 1}, text...) }

// Every answer arrives, however many and however long they are.
func TestReply(t *testing.T) {
	for _, test := range []struct{ answers, size int }{
		{1, 0}, {1, 100}, {63, 100}, {64, 100}, {65, 100}, {130, 100}, {20, 2048}, {3, 2049}, {2, 60000},
	} {
		t.Run(fmt.Sprintf("answers=%d/size=%d", test.answers, test.size), func(t *testing.T) {
			answer := payload(test.size)
			f := start(t, loopback4, fastpath.Config{Control: func(w *fastpath.Worker, batch []fastpath.Message) {
				for i := range batch {
					for range test.answers {
						w.Reply(&batch[i], answer)
					}
				}
			}})
			client := newEndpoint(t, loopback4)
			client.send(f.server, request("?"))
			for range test.answers {
				client.want(f.server, answer)
			}
			eventually(t, func() bool { return f.worker.Stats().Replies == uint64(test.answers) })
		})
	}
}

// Control sees each message that is not data, as it came, once for each batch.
func TestControlGetsTheRest(t *testing.T) {
	seen := make(chan fastpath.Message, 10)
	f := start(t, loopback4, fastpath.Config{Control: func(_ *fastpath.Worker, batch []fastpath.Message) {
		for _, m := range batch {
			m.Data = bytes.Clone(m.Data)
			seen <- m
		}
	}})
	client := newEndpoint(t, loopback4)
	badSend := sendIndication(netip.MustParseAddrPort("192.0.2.1:1"), nil)[:20] // neither peer nor data
	badSend[3] = 0
	for _, message := range [][]byte{request("one"), badSend, {3}} {
		client.send(f.server, message)
		select {
		case got := <-seen:
			if !bytes.Equal(got.Data, message) || got.Client != client.addr || got.Listener != listenerID {
				t.Errorf("got % x of %s by listener %d, want % x of %s by listener %d", got.Data, got.Client, got.Listener, message, client.addr, listenerID)
			}
		case <-time.After(patience):
			t.Fatalf("control did not get % x", message)
		}
	}
	f.on(func(w *fastpath.Worker) {
		if got := w.ListenerAddr(listenerID); got != f.server {
			t.Errorf("got listener address %s, want %s", got, f.server)
		}
		if got, ok := w.ListenerAt(f.server); got != listenerID || !ok {
			t.Errorf("got listener %d, %v at %s, want %d", got, ok, f.server, listenerID)
		}
		if got, ok := w.ListenerAt(client.addr); ok {
			t.Errorf("got listener %d at an address of nobody, want none", got)
		}
		if got := w.ListenerAddr(99); got.IsValid() {
			t.Errorf("got listener address %s for an unknown number, want none", got)
		}
	})
}

// Data behind the request that makes its channel is not lost with it, and data
// in front of the request that ends its allocation still goes.
func TestDataAndRequestsInOneBatch(t *testing.T) {
	peer := newEndpoint(t, loopback4)
	var a allocation
	f := start(t, loopback4, fastpath.Config{Control: func(w *fastpath.Worker, batch []fastpath.Message) {
		for i := range batch {
			switch string(batch[i].Data[2:]) {
			case "bind":
				if err := errors.Join(w.Permit(a.id, peer.addr.Addr(), minute, false), w.Bind(a.id, 0x4001, peer.addr, minute, false)); err != nil {
					t.Error(err)
				}
			case "end":
				w.Withdraw(a.id)
			}
		}
	}})
	client := newEndpoint(t, loopback4)
	a = f.publish(client.addr, loopback4)
	f.holdBatch(func() {
		client.send(f.server, request("bind"))
		client.send(f.server, sendIndication(peer.addr, []byte("sent")))
		for i := range 5 {
			client.send(f.server, channelData(0x4001, []byte{byte(i)}))
		}
		client.send(f.server, channelData(0x4002, []byte("not bound")))
	})
	peer.want(a.relayed, []byte("sent"))
	for i := range 5 {
		peer.want(a.relayed, []byte{byte(i)})
	}
	f.wantDrops(fastpath.DropNoChannel, 1)
	f.on(func(w *fastpath.Worker) {
		if got, want := w.Traffic(a.id), (fastpath.Traffic{ToPeerPackets: 6, ToPeerBytes: 9}); got != want {
			t.Errorf("got traffic %+v, want %+v", got, want)
		}
	})
	f.holdBatch(func() {
		client.send(f.server, channelData(0x4001, []byte("last words")))
		client.send(f.server, request("end"))
	})
	peer.want(a.relayed, []byte("last words"))
}

// Answers to a listener that is gone, or that cannot send, are counted drops.
func TestReplyThatCannotLeave(t *testing.T) {
	f := start(t, loopback4, fastpath.Config{})
	m := fastpath.Message{Client: netip.MustParseAddrPort("127.0.0.1:9"), Listener: listenerID}
	f.on(func(w *fastpath.Worker) {
		f.listener.SetFault(failing(syscall.EAGAIN))
		w.Reply(&m, []byte("short"))
		w.Reply(&m, payload(5000))
	})
	f.wantDrops(fastpath.DropSendBufferFull, 2)
	f.on(func(w *fastpath.Worker) {
		w.RemoveListener(listenerID)
		w.Reply(&m, []byte("short"))
	})
	f.wantDrops(fastpath.DropNoListener, 1)
	if got := f.worker.Stats().Replies; got != 0 {
		t.Errorf("got %d replies, want 0", got)
	}
}

func TestTick(t *testing.T) {
	ticks := make(chan time.Time, 10)
	begin := time.Now()
	start(t, loopback4, fastpath.Config{Tick: func(_ *fastpath.Worker, now time.Time) bool { ticks <- now; return false }})
	<-ticks // at the start
	for range 3 {
		<-ticks
	}
	// The others come at whole seconds of the clock, or late: the first of them within
	// a second.
	if took := (<-ticks).Sub(begin); took < 3*time.Second || took > patience {
		t.Errorf("got four ticks after %s, want them in 3 to 4 s", took)
	}
}

// While nothing comes and nothing is due there are fewer ticks; what comes ends that.
func TestTickWhenCalm(t *testing.T) {
	ticks := make(chan time.Time, 100)
	f := start(t, loopback4, fastpath.Config{Tick: func(_ *fastpath.Worker, now time.Time) bool { ticks <- now; return true }})
	last := <-ticks
	for calm := false; !calm; {
		next := <-ticks
		calm, last = next.Sub(last) > 3*time.Second, next
	}
	for range 10 { // each would be five seconds behind the one before
		next := time.Time{}
		for next.IsZero() {
			f.on(func(*fastpath.Worker) {})
			select {
			case next = <-ticks:
			case <-time.After(20 * time.Millisecond):
			}
		}
		if next.Sub(last) < 3*time.Second {
			return
		}
		last = next
	}
	t.Error("got ten ticks as far apart as those of a worker to which nothing comes")
}

func TestInbox(t *testing.T) {
	w, err := fastpath.NewWorker(fastpath.Config{ID: 7})
	if err != nil {
		t.Fatal(err)
	}
	if got := w.ID(); got != 7 {
		t.Errorf("got worker %d, want 7", got)
	}
	var order []int
	posted := 0
	for ; err == nil; posted++ {
		err = w.Post(func(*fastpath.Worker) { order = append(order, posted) })
		if posted > 1<<20 {
			t.Fatal("the inbox has no bound")
		}
	}
	if !errors.Is(err, fastpath.ErrInboxFull) {
		t.Errorf("got error %v, want %v", err, fastpath.ErrInboxFull)
	}
	// What was posted is called also when the worker ends at once.
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if err := w.Run(ctx); err != nil {
		t.Errorf("got %v from Run, want nil", err)
	}
	if len(order) != posted-1 {
		t.Errorf("got %d functions called, want %d", len(order), posted-1)
	}
	if err := w.Post(func(*fastpath.Worker) {}); !errors.Is(err, fastpath.ErrStopped) {
		t.Errorf("got error %v after the end, want %v", err, fastpath.ErrStopped)
	}
	if err := w.Close(); err != nil {
		t.Errorf("got %v from Close after Run, want nil", err)
	}
}

// What does not fit into one round is called in the next, in order, without
// waiting for a packet.
func TestInboxIsServedInOrder(t *testing.T) {
	const posts = 1000
	f := start(t, loopback4, fastpath.Config{})
	var order []int
	f.holdBatch(func() {
		for i := range posts {
			if err := f.worker.Post(func(*fastpath.Worker) { order = append(order, i) }); err != nil {
				t.Fatal(err)
			}
		}
	})
	f.on(func(*fastpath.Worker) {
		if len(order) != posts || !slices.IsSorted(order) {
			t.Errorf("got %d functions called, in order: %t, want %d in order", len(order), slices.IsSorted(order), posts)
		}
	})
}

// A function that posts another does not keep the worker from its packets.
func TestPostFromTheWorker(t *testing.T) {
	f := start(t, loopback4, fastpath.Config{})
	done := make(chan struct{})
	f.on(func(w *fastpath.Worker) {
		if err := w.Post(func(*fastpath.Worker) { close(done) }); err != nil {
			t.Error(err)
		}
	})
	<-done
}

// A worker that ends leaves no descriptor behind.
func TestRunClosesWhatItOwns(t *testing.T) {
	before := openFiles()
	for range 3 {
		w, err := fastpath.NewWorker(fastpath.Config{})
		if err != nil {
			t.Fatal(err)
		}
		listener := listen(t, loopback4, udpbatch.Options{})
		if err := w.AddListener(0, listener.Local(), listener); err != nil {
			t.Fatal(err)
		}
		for port := range uint16(20) {
			client := netip.AddrPortFrom(netip.MustParseAddr(loopback4), 1+port)
			if _, err := w.Publish(fastpath.Allocation{Client: client, Relay: listen(t, loopback4, udpbatch.Options{}), Lifetime: minute}); err != nil {
				t.Fatal(err)
			}
		}
		ctx, cancel := context.WithCancel(context.Background())
		cancel()
		if err := w.Run(ctx); err != nil {
			t.Fatal(err)
		}
		listener.Close()
	}
	if after := openFiles(); after > before {
		t.Errorf("got %d open files, want %d as before", after, before)
	}
}
