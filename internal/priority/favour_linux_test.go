package priority_test

import (
	"os"
	"runtime"
	"sync"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/fairlead/fairlead/internal/priority"
	"github.com/fairlead/fairlead/internal/testnet"
)

// threads keeps so many goroutines on threads of their own until release is called,
// and returns the threads.
func threads(count int) (numbers []int, release func()) {
	told, end := make(chan int), make(chan struct{})
	var running sync.WaitGroup
	for range count {
		running.Go(func() {
			runtime.LockOSThread()
			told <- priority.Thread()
			<-end
		})
	}
	for range count {
		numbers = append(numbers, <-told)
	}
	return numbers, func() { close(end); running.Wait() }
}

// All threads but the favoured are lowered, and those that start later, too.
func TestFavour(t *testing.T) {
	if !testnet.InOwnProcess(t) {
		return
	}
	favoured, release := threads(2)
	defer release()
	own := testnet.Threads(t, os.Getpid())[favoured[0]].Nice
	want := min(own+5, 19)
	if err := priority.Favour(favoured, 5); err != nil {
		t.Fatal(err)
	}
	later, releaseLater := threads(8)
	defer releaseLater()
	others := testnet.Threads(t, os.Getpid())
	for _, thread := range favoured {
		if got := others[thread].Nice; got != own {
			t.Errorf("favoured thread %d: got nice %d, want %d", thread, got, own)
		}
		delete(others, thread)
	}
	if len(others) < len(later) {
		t.Errorf("got %d other threads, want %d at least", len(others), len(later))
	}
	for thread, got := range others {
		if got.Nice != want {
			t.Errorf("thread %d: got nice %d, want %d", thread, got.Nice, want)
		}
	}
}

// It stops at the weakest value, and nothing is raised again.
func TestFavourAgain(t *testing.T) {
	if !testnet.InOwnProcess(t) {
		return
	}
	favoured, release := threads(1)
	defer release()
	for _, steps := range []int{100, 3} {
		if err := priority.Favour(favoured, steps); err != nil {
			t.Fatal(err)
		}
		for thread, got := range testnet.Threads(t, os.Getpid()) {
			if thread != favoured[0] && got.Nice != 19 {
				t.Errorf("%d steps, thread %d: got nice %d, want 19", steps, thread, got.Nice)
			}
		}
	}
}

func TestFavourNobody(t *testing.T) {
	if !testnet.InOwnProcess(t) {
		return
	}
	before := testnet.Threads(t, os.Getpid())[os.Getpid()].Nice
	if err := priority.Favour(nil, 5); err != nil {
		t.Error(err)
	}
	if got := testnet.Threads(t, os.Getpid())[os.Getpid()].Nice; got != before {
		t.Errorf("got nice %d, want the %d of before", got, before)
	}
}

// The favoured have short slices, but for those to which somebody gave another policy.
func TestFavouredThreadsHaveShortSlices(t *testing.T) {
	if !testnet.InOwnProcess(t) {
		return
	}
	favoured, release := threads(2)
	defer release()
	batch := unix.SchedAttr{Size: unix.SizeofSchedAttr, Policy: unix.SCHED_BATCH}
	if err := unix.SchedSetAttr(favoured[1], &batch, 0); err != nil {
		t.Fatal(err)
	}
	usual, err := unix.SchedGetAttr(favoured[0], 0)
	if err != nil {
		t.Fatal(err)
	}
	if err := priority.Favour(favoured, 5); err != nil {
		t.Fatal(err)
	}
	got, err := unix.SchedGetAttr(favoured[0], 0)
	if err != nil {
		t.Fatal(err)
	}
	if usual.Runtime == 0 {
		t.Log("this kernel (before Linux 6.12) has no slices of threads")
	} else if got.Runtime >= usual.Runtime {
		t.Errorf("got a slice of %d ns, want less than the usual %d", got.Runtime, usual.Runtime)
	}
	if got, err := unix.SchedGetAttr(favoured[1], 0); err != nil || got.Policy != unix.SCHED_BATCH {
		t.Errorf("a batch thread: got policy %d, %v, want that it is left alone", got.Policy, err)
	}
}
