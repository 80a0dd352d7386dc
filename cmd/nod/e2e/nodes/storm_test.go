package nodes

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/nod-idp/nod/internal/db/dbtest"
	"github.com/nod-idp/nod/internal/db/dbtest/chaos"
)

const (
	people    = 6
	killEvery = 5 * time.Second
	downFor   = time.Second
)

// "Nothing single-use is honoured twice, on any node, after any crash." Every request goes
// to another node, one node is killed every five seconds, and COMMITs are cut off.
func TestStormLosesNothingAndHonoursNothingTwice(t *testing.T) {
	t.Parallel()
	database := dbtest.PostgresURL(t)
	network, via := chaos.Start(t, database)
	c := form(t, database, settings{nodes: 3, via: via})
	l := newLedger()
	var all []*person
	for i := range people {
		all = append(all, c.person(fmt.Sprintf("person%d", i), l))
	}
	ctx, cancel := context.WithTimeout(t.Context(), *storm)
	defer cancel()
	network.OnCommit(weather)
	var working sync.WaitGroup
	for _, p := range all {
		working.Go(func() {
			for ctx.Err() == nil {
				if err := p.day(t.Context()); err != nil {
					t.Errorf("%s: %v", p.name, err)
					return
				}
			}
		})
	}
	killed := 0
	for i := 0; ctx.Err() == nil; i++ {
		select {
		case <-ctx.Done():
			continue
		case <-time.After(killEvery - downFor):
		}
		n := c.nodes[i%len(c.nodes)]
		n.kill()
		killed++
		time.Sleep(downFor)
		n.start()
		n.await()
	}
	working.Wait()
	network.OnCommit(nil)
	c.ready()
	l.check(t, c)
	if l.finishedLogins() == 0 {
		t.Error("nobody signed in")
	}
	t.Logf("%s with %d kills, COMMITs met %v\n%s", *storm, killed, network.Met(), l.told())
}

// weather decides about one COMMIT.
func weather() chaos.Fault {
	switch n := rand.IntN(1000); {
	case n < 6:
		return chaos.ResetBefore
	case n < 12:
		return chaos.ResetAfter
	case n < 13:
		return chaos.SilenceBefore
	case n < 14:
		return chaos.SilenceAfter
	case n < 16:
		return chaos.Pause
	}
	return chaos.None
}

// day is one login with what an application does afterwards.
func (p *person) day(ctx context.Context) error {
	given, err := p.gets(ctx)
	if err != nil {
		return err
	}
	if err := p.racesCodes(ctx); err != nil {
		return err
	}
	return p.racesRefresh(ctx, given)
}

// gets signs in and has the tokens refreshed twice, so that each of two nodes takes its turn.
func (p *person) gets(ctx context.Context) (given tokens, err error) {
	code, err := p.signIn(ctx)
	if err != nil {
		return given, err
	}
	if given, err = p.redeem(ctx, code); err != nil {
		return given, err
	}
	for range 2 {
		if given, err = p.refresh(ctx, given); err != nil {
			return given, err
		}
	}
	return given, nil
}

// redeem exchanges a code. Where the answer was lost the application begins anew, which the
// person does not notice: the session is enough.
func (p *person) redeem(ctx context.Context, code string) (given tokens, err error) {
	err = p.try("redeem", func(again bool) (err error) {
		if again {
			if code, err = p.again(ctx); err != nil {
				return err
			}
		}
		given, err = p.c.redeem(ctx, code)
		return err
	})
	if err == nil {
		p.ledger.redeemed(code)
	}
	return given, err
}

func (p *person) refresh(ctx context.Context, given tokens) (next tokens, err error) {
	err = p.try("refresh", func(bool) (err error) {
		next, err = p.c.refresh(ctx, given.Refresh)
		return err
	})
	if err == nil {
		p.ledger.succeeded(given.Refresh, next.Refresh)
	}
	return next, err
}

const hands = 3

// racesCodes redeems one code on every node at once: it works once at most, and what it
// gave is revoked when it is seen again.
func (p *person) racesCodes(ctx context.Context) error {
	code, err := p.again(ctx)
	if err != nil {
		return err
	}
	atOnce(func() {
		if _, err := p.c.redeem(ctx, code); err == nil {
			p.ledger.redeemed(code)
		}
	})
	return nil
}

// racesRefresh presents one refresh token on every node at once: all get the same successor.
func (p *person) racesRefresh(ctx context.Context, given tokens) error {
	var mu sync.Mutex
	var refused error
	atOnce(func() {
		next, err := p.c.refresh(ctx, given.Refresh)
		var f failure
		switch {
		case err == nil:
			p.ledger.succeeded(given.Refresh, next.Refresh)
		case errors.As(err, &f) && f.status < 500:
			mu.Lock()
			refused = fmt.Errorf("refresh at once: %w", err)
			mu.Unlock()
		}
	})
	return refused
}

func atOnce(do func()) {
	var all sync.WaitGroup
	for range hands {
		all.Go(do)
	}
	all.Wait()
}
