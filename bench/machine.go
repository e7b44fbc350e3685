package bench

import "fmt"

// Machine says where a report comes from.
type Machine struct {
	Kernel string `json:"kernel"`
	CPU    string `json:"cpu"` // model
	CPUs   int    `json:"cpus"`
	Pinned int    `json:"pinned"` // number of the CPU that was measured on
	Go     string `json:"go"`
}

// String is one line for people.
func (m Machine) String() string {
	return fmt.Sprintf("%s × %d, Linux %s, %s, all on CPU %d", m.CPU, m.CPUs, m.Kernel, m.Go, m.Pinned)
}
