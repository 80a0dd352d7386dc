//go:build !profile

package main

// profile does nothing: shipped binaries cannot be profiled.
func profile() {}
