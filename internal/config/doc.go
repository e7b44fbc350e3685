// Package config reads, checks and describes the configuration of the server.
//
// It is the only package that knows viper. Everybody else gets one *Config,
// typed and validated, that nobody changes after Load returned it; a reload
// loads the next one and compares (Reload). AuthnConfig, RelayConfig and their
// siblings turn it into the plain Config types of the packages it feeds.
//
// The layers, each over the one before: Defaults (or another Base, such as
// Dev), the YAML file, FAIRLEAD_* variables, path=value settings of the command
// line. Then a strict decode: an unknown key, a value of another type or a
// number without its unit is a problem, never a guess. Then Validate. Problems
// are collected, not returned one by one; each names its path, its place, its
// value and the rule. Warnings are what is allowed but probably not meant.
//
// Keys are spelled once, in the yaml tags of the structs here. Lists of users,
// secrets and addresses are lists of structs, never maps: viper folds the case
// of map keys. A field tagged live:"yes" is applied by a reload, all others
// need a restart. configs/fairlead.yaml holds each key at its default with its
// meaning; gendoc makes docs/CONFIG.md from it.
//
// Values of type Secret never show in any output of this package.
package config

//go:generate go run ./gendoc
