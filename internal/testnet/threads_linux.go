package testnet

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"testing"
)

// Thread is one thread of a process, read from /proc.
type Thread struct {
	Name string
	Nice int
}

// Threads returns the threads of a process, by their numbers.
func Threads(t testing.TB, pid int) map[int]Thread {
	t.Helper()
	directory := fmt.Sprintf("/proc/%d/task/", pid)
	tasks, err := os.ReadDir(directory)
	if err != nil {
		t.Fatalf("list the threads of process %d: %v", pid, err)
	}
	threads := make(map[int]Thread)
	for _, task := range tasks {
		stat, err := os.ReadFile(directory + task.Name() + "/stat")
		if err != nil {
			continue // it has ended
		}
		// "NUMBER (NAME) " and the fields from the third on; nice is the 19th.
		head, rest, _ := strings.Cut(string(stat), ") ")
		_, name, _ := strings.Cut(head, "(")
		number, err := strconv.Atoi(task.Name())
		if err != nil {
			t.Fatalf("thread of process %d: %v", pid, err)
		}
		nice, err := strconv.Atoi(strings.Fields(rest)[16])
		if err != nil {
			t.Fatalf("parse %q: %v", stat, err)
		}
		threads[number] = Thread{Name: name, Nice: nice}
	}
	return threads
}
