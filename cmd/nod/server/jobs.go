package server

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/nod-idp/nod/devices/push"
	"github.com/nod-idp/nod/internal/db"
	"github.com/nod-idp/nod/internal/random"
)

// Sweeping: what is over is deleted in small batches, by one node at a time.
const (
	sweepEvery = time.Minute
	sweepBatch = 500
	sweepLease = 90 * time.Second
)

// jobs runs the background work until ctx ends and returns when all of it has.
func (s *Server) jobs(ctx context.Context) {
	var wg sync.WaitGroup
	wg.Go(func() { s.Audit.Run(ctx) })
	wg.Go(func() { s.sweep(ctx) })
	wg.Go(func() { s.ballast.Run(ctx) })
	wg.Go(func() { s.followSealing(ctx) })
	wg.Go(func() { s.followRules(ctx) })
	wg.Go(func() { s.MFA.Follow(ctx) })
	wg.Go(func() { s.Options.Tracer.Run(ctx) })
	wg.Go(func() { s.outboxJob().Run(ctx) })
	wg.Go(func() { s.Inquiries.Run(ctx) })
	wg.Go(func() { s.waker(s.MFA.Wakes(), 0).Run(ctx) })
	wg.Go(func() { s.waker(s.Devices.NoticeWakes(), time.Hour).Run(ctx) })
	wg.Wait()
}

// waker wakes devices for one queue.
func (s *Server) waker(queue push.Queue, longestPause time.Duration) *push.Waker {
	return &push.Waker{DB: s.DB, Queue: queue, Pager: s.Push, Now: s.Options.Now, Log: s.Options.log(), LongestPause: longestPause}
}

func (s *Server) sweep(ctx context.Context) {
	holder := random.ID("node")
	tick := time.NewTicker(sweepEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		lease, held, err := s.DB.Lease(ctx, "sweep", holder, s.now(), sweepLease)
		if err != nil || !held {
			continue
		}
		s.sweepOnce(lease.Guard(ctx))
	}
}

// sweepOnce lets every room delete what is over.
func (s *Server) sweepOnce(ctx context.Context) {
	for name, sweep := range map[string]func(context.Context, int) (int64, error){
		"challenges":   s.MFA.Sweep,
		"guesses":      s.Guesses.Sweep,
		"logins":       s.Logins.SweepLogins,
		"reports":      s.Logins.SweepReports,
		"sessions":     s.Sessions.Sweep,
		"tokens":       s.Tokens.Sweep,
		"pairings":     s.Pairings.Sweep,
		"pushed":       s.Pushed.Sweep,
		"enrolments":   s.Devices.Sweep,
		"apps":         s.MFA.Tokens.Sweep,
		"outbox":       s.Outbox.Sweep,
		"entra":        s.Entra.Sweep,
		"resets":       s.Logins.Resets.Sweep,
		"signing keys": s.turnKeys,
		"inquiries":    s.Inquiries.Sweep,
		"replays": func(ctx context.Context, limit int) (int64, error) {
			return s.DB.SweepOnce(ctx, s.now(), limit)
		},
	} {
		for {
			n, err := sweep(ctx, sweepBatch)
			if errors.Is(err, db.ErrFenced) { // this node stood still, and another one sweeps
				return
			}
			if err != nil && ctx.Err() == nil {
				s.Options.log().Warn("could not sweep; it is tried again in a minute", "what", name, "error", err)
			}
			if err != nil || n < sweepBatch {
				break
			}
		}
	}
}
