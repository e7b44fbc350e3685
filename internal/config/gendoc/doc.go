// Command gendoc makes docs/CONFIG.md from configs/fairlead.yaml: the comment of
// a key is its meaning, its value the default; whether a reload applies it
// comes from the schema in internal/config. It runs by go generate.
//
// Its tests hold the reference file to its promises: each key of the schema
// stands in it with a comment, and its examples can be pasted.
package main
