package main

import (
	"os"
	"runtime"
	"runtime/debug"

	"github.com/nod-idp/nod/idp/password"
)

// collectAt is how much the heap grows, in percent, before garbage is collected. nod's heap is
// a few MiB, and the default of 100 would collect a hundred times a second under load.
const collectAt = 200

// tuneRuntime gives every hash a processor of Go's scheduler beside those of all other work:
// the operating system then lets the threads of hashes, which have a lower priority, wait
// instead of the requests. GOMAXPROCS counts the cores until then. GOGC is left as it is set.
func tuneRuntime(h *password.Hasher) {
	cores := runtime.GOMAXPROCS(0)
	if h.Concurrency == 0 {
		h.Concurrency = cores
	}
	runtime.GOMAXPROCS(cores + h.Concurrency)
	if _, set := os.LookupEnv("GOGC"); !set {
		debug.SetGCPercent(collectAt)
	}
}
