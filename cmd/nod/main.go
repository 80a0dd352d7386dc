// Command nod is an OpenID Connect provider whose sign-in asks your own phone.
//
// It owns the command line: verbs, flags, what they print and how they fail. Every
// rule about people, clients and devices is left to the rooms below; the verbs call
// them on the same database that a running server uses.
package main

import (
	"context"
	"log/slog"
	"os"
	"syscall"
)

func main() {
	// Whatever nod writes, databases, keys and devices, is for its own user alone.
	syscall.Umask(0o077)
	// The protocol toolkit reports its routes on the default logger. Ours is handed
	// to whoever needs it.
	slog.SetLogLoggerLevel(slog.LevelError)
	os.Exit(run(context.Background(), newRootCommand(), os.Args[1:]))
}
