//go:build profile

package main

import (
	"os"
	"os/signal"
	"runtime/pprof"
	"syscall"
)

// profileVariable names the file that a profile of the processor is written to.
const profileVariable = "NOD_PROFILE"

// profile begins a profile of the processor at SIGUSR1 and ends it at SIGUSR2. It is there in
// binaries built with the tag profile, and in no other.
func profile() {
	path := os.Getenv(profileVariable)
	_ = os.Unsetenv(profileVariable) // the configuration refuses what it does not know
	if path == "" {
		return
	}
	asked := make(chan os.Signal, 1)
	signal.Notify(asked, syscall.SIGUSR1, syscall.SIGUSR2)
	go func() {
		var file *os.File
		for s := range asked {
			switch {
			case s == syscall.SIGUSR1 && file == nil:
				var err error
				if file, err = os.Create(path); err != nil || pprof.StartCPUProfile(file) != nil {
					os.Exit(1)
				}
			case s == syscall.SIGUSR2 && file != nil:
				pprof.StopCPUProfile()
				_ = file.Close()
				_ = os.Rename(path, path+".done")
				file = nil
			}
		}
	}()
}
