package token_test

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/nod-idp/nod/devices/otp"
	"github.com/nod-idp/nod/internal/audit"
	"github.com/nod-idp/nod/internal/db"
	"github.com/nod-idp/nod/internal/db/dbtest"
	"github.com/nod-idp/nod/internal/instance"
	"github.com/nod-idp/nod/internal/seal"
	"github.com/nod-idp/nod/mfa/token"
)

const alice, bob = "usr_alice", "usr_bob"

var seed = []byte("12345678901234567890")

// world is two nodes on one database, and a clock that is set by hand.
type world struct {
	*token.Tokens
	t     *testing.T
	other *token.Tokens
	clock time.Time
}

func each(t *testing.T, story func(t *testing.T, w *world)) {
	t.Helper()
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := &world{t: t, clock: time.Unix(1_800_000_000, 0)}
		in, err := instance.Open(t.Context(), d, seal.NewKey(), w.clock)
		must(t, err)
		now := func() time.Time { return w.clock }
		w.Tokens, w.other = &token.Tokens{DB: d, Box: in.Box, Now: now}, &token.Tokens{DB: d, Box: in.Box, Now: now}
		story(t, w)
	})
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func (w *world) add(userID string, s token.Seed) token.Token {
	w.t.Helper()
	var added []token.Token
	must(w.t, w.DB.Write(w.t.Context(), func(tx *db.Tx) (err error) {
		added, err = w.AddTx(tx, userID, "cli:test", s)
		return err
	}))
	return added[0]
}

func (w *world) verify(node *token.Tokens, userID, code string) error {
	return w.DB.Write(w.t.Context(), func(tx *db.Tx) error {
		_, err := node.VerifyTx(tx, userID, code, w.clock)
		return err
	})
}

func (w *world) audited(action string) (n int) {
	w.t.Helper()
	must(w.t, w.DB.Get(w.t.Context(), &n, "SELECT count(*) FROM audit WHERE action = $1 AND outcome = $2", action, string(audit.OK)))
	return n
}

func button(t *testing.T, counter uint64) string {
	t.Helper()
	code, err := otp.HOTP{}.Code(seed, counter)
	must(t, err)
	return code
}

func app(t *testing.T, secret []byte, now time.Time) string {
	t.Helper()
	code, err := otp.TOTP{Hash: otp.SHA1}.Code(secret, now)
	must(t, err)
	return code
}

func want(t *testing.T, what string, got, want error) {
	t.Helper()
	if !errors.Is(got, want) {
		t.Errorf("%s: got %v, want %v", what, got, want)
	}
}

func TestAnAppIsPendingUntilAPasscodeWasProved(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		first, err := w.Begin(t.Context(), alice, "First")
		must(t, err)
		pending, err := w.Begin(t.Context(), alice, "  My app ")
		must(t, err)
		if _, err := w.Get(t.Context(), alice, first.ID); !errors.Is(err, token.ErrNotFound) {
			t.Errorf("the one begun before: got %v, want ErrNotFound", err)
		}
		secret, err := w.Secret(pending)
		must(t, err)
		code := app(t, secret, w.clock)
		want(t, "while pending", w.verify(w.Tokens, alice, code), otp.ErrWrong)
		activate := func(userID, code string) error {
			return w.DB.Write(t.Context(), func(tx *db.Tx) error {
				_, err := w.ActivateTx(tx, userID, pending.ID, code)
				return err
			})
		}
		want(t, "wrong", activate(alice, "000000"), otp.ErrWrong)
		want(t, "by another person", activate(bob, code), token.ErrNotFound)
		must(t, activate(alice, code))
		want(t, "a second time", activate(alice, code), token.ErrNotFound)
		want(t, "what activated it", w.verify(w.Tokens, alice, code), otp.ErrReplayed)
		active, err := w.Get(t.Context(), alice, pending.ID)
		must(t, err)
		if _, err := w.Secret(active); err == nil {
			t.Error("the secret of an active token is shown")
		}
		if active.Name != "My app" || active.State != token.Active {
			t.Errorf("got %+v", active)
		}
		w.clock = w.clock.Add(30 * time.Second)
		must(t, w.verify(w.other, alice, app(t, secret, w.clock)))
		if w.audited("token.begun") != 2 || w.audited("token.added") != 1 {
			t.Error("the journal lacks something")
		}
	})
}

func TestAnAppThatNobodyProvedIsSweptAway(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		pending, err := w.Begin(t.Context(), alice, "App")
		must(t, err)
		active := w.add(alice, token.Seed{Kind: token.TOTP, Name: "Other", Secret: seed})
		w.clock = w.clock.Add(10 * time.Minute)
		if _, err := w.Get(t.Context(), alice, pending.ID); !errors.Is(err, token.ErrNotFound) {
			t.Errorf("late: got %v, want ErrNotFound", err)
		}
		secret, err := w.Secret(pending)
		must(t, err)
		want(t, "late", w.DB.Write(t.Context(), func(tx *db.Tx) error {
			_, err := w.ActivateTx(tx, alice, pending.ID, app(t, secret, w.clock))
			return err
		}), token.ErrNotFound)
		w.clock = w.clock.Add(time.Second)
		for range 2 {
			if _, err := w.Sweep(t.Context(), 10); err != nil {
				t.Fatal(err)
			}
		}
		all, err := w.List(t.Context(), alice)
		must(t, err)
		if len(all) != 1 || all[0].ID != active.ID {
			t.Errorf("got %+v, want the active one", all)
		}
	})
}

func TestAStepIsUsedOnceOnAnyNode(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.add(alice, token.Seed{Kind: token.TOTP, Name: "App", Secret: seed})
		now := app(t, seed, w.clock)
		want(t, "two steps ago", w.verify(w.Tokens, alice, app(t, seed, w.clock.Add(-time.Minute))), otp.ErrWrong)
		want(t, "to come", w.verify(w.Tokens, alice, app(t, seed, w.clock.Add(30*time.Second))), otp.ErrWrong)
		must(t, w.verify(w.Tokens, alice, now))
		want(t, "on the other node", w.verify(w.other, alice, now), otp.ErrReplayed)
		want(t, "in other digits", w.verify(w.other, alice, fullWidth(now)), otp.ErrReplayed)
		want(t, "the step before", w.verify(w.other, alice, app(t, seed, w.clock.Add(-30*time.Second))), otp.ErrReplayed)
		w.clock = w.clock.Add(30 * time.Second)
		must(t, w.verify(w.other, alice, fullWidth(app(t, seed, w.clock))))
	})
}

// fullWidth is how a Japanese keyboard types digits, in groups.
func fullWidth(code string) string {
	var b strings.Builder
	for i, r := range code {
		if i == 3 {
			b.WriteString(" - ")
		}
		b.WriteRune(r - '0' + '\uff10')
	}
	return b.String()
}

func TestAButtonMayBePressedTenTimesForNothing(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.add(alice, token.Seed{Kind: token.HOTP, Name: "S1", Secret: seed, Counter: 5})
		want(t, "before its counter", w.verify(w.Tokens, alice, button(t, 4)), otp.ErrWrong)
		want(t, "eleven ahead", w.verify(w.Tokens, alice, button(t, 16)), otp.ErrWrong)
		must(t, w.verify(w.Tokens, alice, button(t, 15)))
		want(t, "again", w.verify(w.other, alice, button(t, 15)), otp.ErrWrong)
		want(t, "passed over", w.verify(w.other, alice, button(t, 14)), otp.ErrWrong)
		must(t, w.verify(w.other, alice, button(t, 16)))
		want(t, "another person's", w.verify(w.other, bob, button(t, 17)), otp.ErrWrong)
	})
}

func TestOfManyHandsOneGetsIn(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.add(alice, token.Seed{Kind: token.HOTP, Name: "S1", Secret: seed})
		code := button(t, 2)
		errs := make([]error, 16)
		var wg sync.WaitGroup
		for i := range errs {
			node := []*token.Tokens{w.Tokens, w.other}[i%2]
			wg.Go(func() { errs[i] = w.verify(node, alice, code) })
		}
		wg.Wait()
		in := 0
		for _, err := range errs {
			if err == nil {
				in++
			} else if !errors.Is(err, otp.ErrWrong) && !errors.Is(err, otp.ErrReplayed) {
				t.Errorf("got %v", err)
			}
		}
		if in != 1 {
			t.Errorf("got %d in, want 1", in)
		}
	})
}

func TestATokenOutOfStepIsBroughtBack(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		t1 := w.add(alice, token.Seed{Kind: token.HOTP, Name: "S1", Secret: seed})
		clock := w.add(alice, token.Seed{Kind: token.TOTP, Name: "App", Secret: []byte("another secret altogether")})
		ctx := t.Context()
		want(t, "too far", w.verify(w.Tokens, alice, button(t, 60)), otp.ErrWrong)
		want(t, "not one after the other", w.Resync(ctx, alice, t1.ID, button(t, 60), button(t, 62)), otp.ErrWrong)
		want(t, "the same twice", w.Resync(ctx, alice, t1.ID, button(t, 60), button(t, 60)), otp.ErrWrong)
		want(t, "beyond a hundred", w.Resync(ctx, alice, t1.ID, button(t, 100), button(t, 101)), otp.ErrWrong)
		want(t, "another person's", w.Resync(ctx, bob, t1.ID, button(t, 60), button(t, 61)), token.ErrNotFound)
		want(t, "by the clock", w.Resync(ctx, alice, clock.ID, "123456", "123456"), token.ErrNoButton)
		must(t, w.Resync(ctx, alice, t1.ID, button(t, 60), " "+button(t, 61)))
		want(t, "what brought it back", w.verify(w.Tokens, alice, button(t, 61)), otp.ErrWrong)
		must(t, w.verify(w.Tokens, alice, button(t, 62)))
		if w.audited("token.resynced") != 1 {
			t.Error("want it in the journal once")
		}
	})
}

func TestTokensAreRenamedAndRemoved(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		t1 := w.add(alice, token.Seed{Kind: token.HOTP, Name: "S1", Secret: seed})
		ctx := t.Context()
		want(t, "no name", w.Rename(ctx, alice, t1.ID, "\u202e"), token.ErrBadName)
		want(t, "another person's", w.Rename(ctx, bob, t1.ID, "Mine"), token.ErrNotFound)
		must(t, w.Rename(ctx, alice, t1.ID, "Keys"))
		remove := func(userID string) error {
			return w.DB.Write(ctx, func(tx *db.Tx) error {
				was, err := w.RemoveTx(tx, userID, t1.ID)
				if err == nil && was.Name != "Keys" {
					t.Errorf("got %q", was.Name)
				}
				return err
			})
		}
		want(t, "by another", remove(bob), token.ErrNotFound)
		must(t, remove(alice))
		want(t, "again", remove(alice), token.ErrNotFound)
		want(t, "its passcode", w.verify(w.Tokens, alice, button(t, 0)), otp.ErrWrong)
	})
}

func TestWhatCannotBeATokenIsRefused(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		add := func(seeds ...token.Seed) error {
			return w.DB.Write(t.Context(), func(tx *db.Tx) error {
				_, err := w.AddTx(tx, alice, "cli:test", seeds...)
				return err
			})
		}
		good := token.Seed{Kind: token.HOTP, Name: "S1", Secret: seed}
		for what, change := range map[string]func(*token.Seed){
			"a short secret": func(s *token.Seed) { s.Secret = seed[:15] }, "a long one": func(s *token.Seed) { s.Secret = make([]byte, 65) },
			"seven digits": func(s *token.Seed) { s.Digits = 7 }, "a counter below zero": func(s *token.Seed) { s.Counter = -1 },
			"a counter without end": func(s *token.Seed) { s.Counter = 1 << 60 },
		} {
			bad := good
			change(&bad)
			want(t, what, add(good, bad), token.ErrBadSeed)
		}
		many := make([]token.Seed, 11)
		for i := range many {
			many[i] = token.Seed{Kind: token.HOTP, Name: fmt.Sprint("S", i), Secret: seed}
		}
		want(t, "eleven", add(many...), token.ErrTooMany)
		if all, _ := w.List(t.Context(), alice); len(all) != 0 {
			t.Errorf("got %d tokens of what was refused, want none", len(all))
		}
		must(t, add(many[:10]...))
		if _, err := w.Begin(t.Context(), alice, "One more"); !errors.Is(err, token.ErrTooMany) {
			t.Errorf("got %v, want ErrTooMany", err)
		}
	})
}

func TestTheSecretIsSealed(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		t1 := w.add(alice, token.Seed{Kind: token.HOTP, Name: "S1", Secret: seed})
		var stored []byte
		must(t, w.DB.Get(t.Context(), &stored, "SELECT secret FROM otp_tokens WHERE id = $1", t1.ID))
		if len(stored) < 60 || bytes.Contains(stored, seed) {
			t.Error("the secret lies open in the database")
		}
	})
}
