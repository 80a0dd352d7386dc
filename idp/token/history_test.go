package token_test

import (
	"context"
	"errors"
	"flag"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/nod-idp/nod/idp/client"
	"github.com/nod-idp/nod/idp/session"
	"github.com/nod-idp/nod/idp/token"
	"github.com/nod-idp/nod/internal/db"
	"github.com/nod-idp/nod/internal/db/dbtest"
	"github.com/nod-idp/nod/internal/history"
)

var (
	histories = flag.Int("histories", 2, "how many histories of concurrent clients are made of each kind")
	seed      = flag.Uint64("history-seed", uint64(time.Now().UnixNano()), "what the dice of the clients begin with")
)

const hands = 6

// nodes is two nodes on one database, with a world on the first.
func nodes(t *testing.T, story func(t *testing.T, w *world, nodes []*token.Tokens)) {
	t.Parallel()
	t.Logf("-history-seed %d", *seed)
	dbtest.EachAddress(t, func(t *testing.T, address string) {
		var opened []*db.DB
		for range 2 {
			d, err := db.Open(t.Context(), address)
			must(t, err)
			t.Cleanup(func() { must(t, d.Close()) })
			opened = append(opened, d)
		}
		w := newWorld(t, opened[0])
		second := *w.Tokens
		sessions := &session.Sessions{DB: opened[1], Epoch: second.Epoch, Now: w.clock}
		t.Cleanup(sessions.Wait)
		second.DB, second.Sessions = opened[1], sessions
		story(t, w, []*token.Tokens{w.Tokens, &second})
	})
}

// hurried is the context of a client that hangs up now and then, in the middle of things.
func hurried(t *testing.T, dice *rand.Rand) (context.Context, context.CancelFunc) {
	if dice.IntN(5) > 0 {
		return context.WithCancel(t.Context())
	}
	return context.WithTimeout(t.Context(), time.Duration(dice.IntN(3000))*time.Microsecond)
}

// saw is what the client of an operation knows afterwards.
func saw(t *testing.T, ctx context.Context, err, refused error) history.Saw {
	switch {
	case err == nil:
		return history.Given
	case errors.Is(err, refused):
		return history.Refused
	case ctx.Err() == nil:
		t.Errorf("got %v", err)
	}
	return history.Lost
}

// "Nothing single-use is honoured twice, on any node": many hands redeem the same codes, hang
// up in the middle, and ask whether what they got is honoured.
func TestTheHistoryOfCodesIsOneThatCanHappen(t *testing.T) {
	nodes(t, func(t *testing.T, w *world, nodes []*token.Tokens) {
		for run := range *histories {
			h := history.New(history.Codes())
			given := map[string]string{} // code → access token
			var codes []string
			for range 8 {
				codes = append(codes, w.issue(w.request()))
			}
			var mu sync.Mutex
			history.Clients(*seed+uint64(run), hands, 12, func(me int, dice *rand.Rand) {
				n, code := nodes[dice.IntN(len(nodes))], codes[dice.IntN(len(codes))]
				mu.Lock()
				access := given[code]
				mu.Unlock()
				ctx, cancel := hurried(t, dice)
				defer cancel()
				if access != "" && dice.IntN(2) == 0 {
					h.Do(me, code, history.Honour, func() history.Saw {
						_, err := n.Access(ctx, access)
						return saw(t, ctx, err, token.ErrNone)
					})
					return
				}
				h.Do(me, code, history.Redeem, func() history.Saw {
					issued, err := n.Redeem(ctx, w.app, code, redirect, verifier, token.Asked{})
					if err == nil {
						mu.Lock()
						given[code] = issued.AccessToken
						mu.Unlock()
					}
					return saw(t, ctx, err, token.ErrInvalidGrant)
				})
			})
			plausible(t, h.Check(), h.Len)
		}
	})
}

func plausible(t *testing.T, err error, count func() (all, lost int)) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	all, lost := count()
	t.Logf("%d operations, of which %d were not answered", all, lost)
}

// Many hands hold the same refresh tokens: they repeat what they sent, present old ones, hang
// up and revoke.
func TestTheHistoryOfRefreshTokensIsOneThatCanHappen(t *testing.T) {
	nodes(t, func(t *testing.T, w *world, nodes []*token.Tokens) {
		for run := range *histories {
			h := history.New(history.Families())
			var families []*history.Line
			for range 6 {
				issued := w.signedIn()
				families = append(families, history.NewLine(issued.RefreshToken, issued.AccessToken))
			}
			for round := range 3 {
				history.Clients(*seed+uint64(10*run+round), hands, 8, func(me int, dice *rand.Rand) {
					f := families[dice.IntN(len(families))]
					ctx, cancel := hurried(t, dice)
					defer cancel()
					present(ctx, t, h, f, me, dice, nodes[dice.IntN(len(nodes))], w.app)
				})
				w.pass(31 * time.Second)
				for _, f := range families {
					h.Do(0, f.Name(), history.RefreshOp{Do: history.Lapse}, func() history.Saw { return history.Given })
				}
			}
			plausible(t, h.Check(), h.Len)
		}
	})
}

func present(ctx context.Context, t *testing.T, h *history.Of[history.Family, history.RefreshOp], f *history.Line, me int, dice *rand.Rand, n *token.Tokens, c client.Client) {
	number, presented := f.Some(dice)
	switch dice.IntN(40) {
	case 0:
		h.Do(me, f.Name(), history.RefreshOp{Do: history.Revoke}, func() history.Saw {
			return saw(t, ctx, n.Revoke(ctx, c, presented), token.ErrInvalidGrant)
		})
	case 1, 2, 3, 4, 5, 6:
		access := f.Access()
		h.Do(me, f.Name(), history.RefreshOp{Do: history.Trust}, func() history.Saw {
			_, err := n.Access(ctx, access)
			return saw(t, ctx, err, token.ErrNone)
		})
	default:
		next := new(int)
		h.Do(me, f.Name(), history.RefreshOp{Do: history.Refresh, Of: number, Gave: next}, func() history.Saw {
			issued, err := n.Refresh(ctx, c, presented, nil, token.Asked{})
			if err == nil {
				*next = f.Learn(number, issued.RefreshToken, issued.AccessToken)
			}
			return saw(t, ctx, err, token.ErrInvalidGrant)
		})
	}
}
