package main

import (
	"context"
	"log/slog"
	"os"
	"os/signal"
	"sync"
	"syscall"

	"github.com/nod-idp/nod/cmd/nod/server"
	"github.com/nod-idp/nod/mfa"
)

// reloadOnHangup reads the policy again whenever the process is sent SIGHUP, until the
// function that it returns is called.
func reloadOnHangup(ctx context.Context, s *server.Server, policy func() (mfa.Policy, error), log *slog.Logger) (stop func()) {
	ctx, cancel := context.WithCancel(ctx)
	hangups := make(chan os.Signal, 1)
	signal.Notify(hangups, syscall.SIGHUP)
	var wg sync.WaitGroup
	wg.Go(func() {
		for {
			select {
			case <-ctx.Done():
				return
			case <-hangups:
				reload(ctx, s, policy, log)
			}
		}
	})
	return func() {
		signal.Stop(hangups)
		cancel()
		wg.Wait()
	}
}

// reload puts the rules into force that the configuration holds now, all of them or none.
func reload(ctx context.Context, s *server.Server, policy func() (mfa.Policy, error), log *slog.Logger) {
	p, err := policy()
	if err == nil {
		err = s.SetRules(ctx, p.Rules)
	}
	if err != nil {
		log.Error("the policy was not read again; the one before stays in force", "error", err)
	}
}
