// Package priority gives some threads of the process precedence over its others,
// as far as the kernel's scheduler knows it: by nice values, which are a matter of
// each thread on Linux (setpriority(2), "C library/kernel differences").
package priority
