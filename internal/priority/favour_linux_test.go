package priority_test

import (
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/fairlead/fairlead/internal/priority"
)

// inChild runs the test in a process of its own: what is lowered stays so. It
// reports whether this is that process.
func inChild(t *testing.T) bool {
	t.Helper()
	const mark = "FAIRLEAD_TEST_PRIORITY_CHILD"
	if os.Getenv(mark) != "" {
		return true
	}
	child := exec.Command(os.Args[0], "-test.run=^"+t.Name()+"$", "-test.v")
	child.Env = append(os.Environ(), mark+"=1")
	if out, err := child.CombinedOutput(); err != nil || !strings.Contains(string(out), "--- PASS: "+t.Name()) {
		t.Errorf("the test in its own process: %v\n%s", err, out)
	}
	return false
}

// niceOf returns the nice value of each thread, by its number.
func niceOf(t *testing.T) map[int]int {
	t.Helper()
	tasks, err := os.ReadDir("/proc/self/task")
	if err != nil {
		t.Fatal(err)
	}
	values := make(map[int]int)
	for _, task := range tasks {
		stat, err := os.ReadFile("/proc/self/task/" + task.Name() + "/stat")
		if err != nil {
			continue // it has ended
		}
		thread, _ := strconv.Atoi(task.Name())
		_, rest, _ := strings.Cut(string(stat), ") ") // fields 3 and on; nice is 19
		values[thread], err = strconv.Atoi(strings.Fields(rest)[16])
		if err != nil {
			t.Fatalf("parse %q: %v", stat, err)
		}
	}
	return values
}

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
	if !inChild(t) {
		return
	}
	favoured, release := threads(2)
	defer release()
	own := niceOf(t)[favoured[0]]
	want := min(own+5, 19)
	if err := priority.Favour(favoured, 5); err != nil {
		t.Fatal(err)
	}
	later, releaseLater := threads(8)
	defer releaseLater()
	values := niceOf(t)
	for _, thread := range favoured {
		if got := values[thread]; got != own {
			t.Errorf("favoured thread %d: got nice %d, want %d", thread, got, own)
		}
		delete(values, thread)
	}
	if len(values) < len(later) {
		t.Errorf("got %d other threads, want %d at least", len(values), len(later))
	}
	for thread, got := range values {
		if got != want {
			t.Errorf("thread %d: got nice %d, want %d", thread, got, want)
		}
	}
}

// It stops at the weakest value, and nothing is raised again.
func TestFavourAgain(t *testing.T) {
	if !inChild(t) {
		return
	}
	favoured, release := threads(1)
	defer release()
	for _, steps := range []int{100, 3} {
		if err := priority.Favour(favoured, steps); err != nil {
			t.Fatal(err)
		}
		for thread, got := range niceOf(t) {
			if thread != favoured[0] && got != 19 {
				t.Errorf("%d steps, thread %d: got nice %d, want 19", steps, thread, got)
			}
		}
	}
}

func TestFavourNobody(t *testing.T) {
	if !inChild(t) {
		return
	}
	before := niceOf(t)[os.Getpid()]
	if err := priority.Favour(nil, 5); err != nil {
		t.Error(err)
	}
	if got := niceOf(t)[os.Getpid()]; got != before {
		t.Errorf("got nice %d, want the %d of before", got, before)
	}
}
