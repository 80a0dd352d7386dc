package pairing_test

import (
	"errors"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/nod-idp/nod/idp/pairing"
	"github.com/nod-idp/nod/idp/polling"
	"github.com/nod-idp/nod/idp/session"
	"github.com/nod-idp/nod/idp/token"
	"github.com/nod-idp/nod/internal/db"
	"github.com/nod-idp/nod/mfa/throttle"
)

func TestAPairingGivesTokensOnceItsPersonAllowedIt(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		begun, id := w.begin("openid", "email", "offline_access")
		if _, err := w.poll(begun); !errors.Is(err, polling.ErrPending) {
			t.Fatalf("before the answer: got %v", err)
		}
		p, err := w.Get(t.Context(), id)
		must(t, err)
		if p.ClientID != "tv" || p.UserCode != begun.UserCode || p.IP != "198.51.100.3" || !slices.Equal(p.Scopes, []string{"openid", "email", "offline_access"}) {
			t.Errorf("the person is shown %+v", p)
		}
		must(t, w.Allow(t.Context(), id, w.session))
		if _, err := w.Get(t.Context(), id); !errors.Is(err, pairing.ErrNone) {
			t.Errorf("an answered pairing is still shown: %v", err)
		}
		if answer, err := w.Answer(t.Context(), id); answer != pairing.Allowed || err != nil {
			t.Errorf("got answer %q, %v", answer, err)
		}
		issued, err := w.poll(begun) // at once: what is ready is not held back
		must(t, err)
		if issued.AccessToken == "" || issued.RefreshToken == "" || strings.Count(issued.IDToken, ".") != 2 || len(issued.Scopes) != 3 {
			t.Errorf("got %+v", issued)
		}
		held, err := w.Tokens.Access(t.Context(), issued.AccessToken)
		must(t, err)
		if held.UserID != w.alice.ID || held.SID != w.session.SID || held.Evidence.ACR() != w.session.Evidence.ACR() {
			t.Errorf("got %+v", held)
		}
		if _, err := w.poll(begun); !errors.Is(err, token.ErrInvalidGrant) {
			t.Errorf("the second time: got %v", err)
		}
	})
}

func TestEachEndOfAPairingHasItsOwnAnswer(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		ctx := t.Context()
		refused := func(begun pairing.Begun, want error) {
			t.Helper()
			if _, err := w.poll(begun); !errors.Is(err, want) {
				t.Errorf("got %v, want %v", err, want)
			}
		}
		deniedOne, id := w.begin("openid")
		must(t, w.Deny(ctx, id, w.session))
		refused(deniedOne, polling.ErrDenied)
		if err := w.Allow(ctx, id, w.session); !errors.Is(err, pairing.ErrNone) {
			t.Errorf("a denied pairing was allowed: %v", err)
		}
		refused(deniedOne, polling.ErrDenied)
		for asked, want := range map[string]pairing.Answer{id: pairing.Denied, "pai_x": pairing.Unanswered} {
			if answer, err := w.Answer(ctx, asked); answer != want || err != nil {
				t.Errorf("got answer %q, %v", answer, err)
			}
		}

		late, id := w.begin("openid")
		ready, readyID := w.begin("openid")
		must(t, w.Allow(ctx, readyID, w.session))
		if _, err := w.Redeem(ctx, w.other, ready.DeviceCode, token.Asked{}); !errors.Is(err, token.ErrInvalidGrant) {
			t.Errorf("another client: got %v", err)
		}
		w.wait(pairing.Life)
		refused(late, polling.ErrExpired)
		refused(ready, polling.ErrExpired)
		if err := w.Allow(ctx, id, w.session); !errors.Is(err, pairing.ErrNone) {
			t.Errorf("an expired pairing was allowed: %v", err)
		}
		refused(pairing.Begun{DeviceCode: "ndc_x"}, token.ErrInvalidGrant)
		refused(pairing.Begun{DeviceCode: strings.Replace(late.DeviceCode, "ndc_", "ndd_", 1)}, token.ErrInvalidGrant)
	})
}

func TestWhatTheSessionLosesThePairingLoses(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		ctx := t.Context()
		begun, id := w.begin("openid")
		must(t, w.Allow(ctx, id, w.session))
		must(t, w.DB.Write(ctx, func(tx *db.Tx) error {
			_, err := w.Tokens.Sessions.EndTx(tx, w.session.ID, session.LoggedOut)
			return err
		}))
		if _, err := w.poll(begun); !errors.Is(err, polling.ErrDenied) {
			t.Errorf("got %v", err)
		}
		_, id = w.begin("openid")
		if err := w.Allow(ctx, id, w.session); !errors.Is(err, pairing.ErrNone) {
			t.Errorf("a session that is over allowed one: %v", err)
		}
	})
}

func TestADisabledPersonGetsNothing(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		begun, id := w.begin("openid")
		must(t, w.Allow(t.Context(), id, w.session))
		must(t, w.users.Disable(t.Context(), w.alice.ID))
		if _, err := w.poll(begun); !errors.Is(err, token.ErrInvalidGrant) {
			t.Errorf("got %v", err)
		}
	})
}

func TestWhoPollsTooFastIsSlowedDown(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		begun, _ := w.begin("openid")
		for i, step := range []struct {
			after time.Duration
			want  error
		}{
			{0, polling.ErrPending}, {5 * time.Second, polling.ErrPending}, {time.Second, polling.ErrSlowDown},
			{5 * time.Second, polling.ErrSlowDown}, {15 * time.Second, polling.ErrPending},
		} {
			w.wait(step.after)
			if _, err := w.poll(begun); !errors.Is(err, step.want) {
				t.Errorf("poll %d: got %v, want %v", i, err, step.want)
			}
		}
	})
}

// "Nothing single-use is honoured twice".
func TestOfManyPollersOneGetsTokens(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		begun, id := w.begin("openid")
		must(t, w.Allow(t.Context(), id, w.session))
		var won atomic.Int32
		var all sync.WaitGroup
		for range 64 {
			all.Go(func() {
				switch _, err := w.poll(begun); {
				case err == nil:
					won.Add(1)
				case !errors.Is(err, token.ErrInvalidGrant):
					t.Errorf("got %v", err)
				}
			})
		}
		all.Wait()
		if won.Load() != 1 {
			t.Errorf("%d pollers got tokens", won.Load())
		}
	})
}

func TestTokensAreForTheResourceThatThePollNames(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		begun, id := w.begin("openid")
		must(t, w.Allow(t.Context(), id, w.session))
		at := func(resource string) (token.Issued, error) {
			return w.Redeem(t.Context(), w.tv, begun.DeviceCode, token.Asked{Resources: []string{resource}})
		}
		if _, err := at("https://other.example/"); !errors.Is(err, token.ErrInvalidTarget) {
			t.Errorf("got %v", err)
		}
		issued, err := at("https://films.example/") // the refusal used nothing up
		must(t, err)
		if held, err := w.Tokens.Access(t.Context(), issued.AccessToken); err != nil || !slices.Equal(held.Resources, []string{"https://films.example/"}) {
			t.Errorf("got %+v, %v", held, err)
		}
	})
}

func TestAnAnswerIsGivenOnce(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		_, id := w.begin("openid")
		var won atomic.Int32
		var all sync.WaitGroup
		for i := range 16 {
			decide := w.Allow
			if i%2 == 0 {
				decide = w.Deny
			}
			all.Go(func() {
				switch err := decide(t.Context(), id, w.session); {
				case err == nil:
					won.Add(1)
				case !errors.Is(err, pairing.ErrNone):
					t.Errorf("got %v", err)
				}
			})
		}
		all.Wait()
		if won.Load() != 1 {
			t.Errorf("%d answers counted", won.Load())
		}
	})
}

func TestGuessingUserCodesGetsSlower(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		ctx := t.Context()
		begun, id := w.begin("openid")
		var wait *throttle.WaitError
		for i := range 5 {
			if _, err := w.Enter(ctx, "BBBB-BBBB", home); !errors.Is(err, pairing.ErrNone) {
				t.Fatalf("guess %d: got %v", i, err)
			}
		}
		if _, err := w.Enter(ctx, begun.UserCode, "192.0.2.99"); !errors.As(err, &wait) {
			t.Fatalf("the sixth guess of a network was looked at: %v", err)
		}
		if got, err := w.Enter(ctx, begun.UserCode, "203.0.113.1"); err != nil || got != id {
			t.Errorf("another network has to wait as well: %v", err)
		}
		w.wait(2 * time.Second)
		if got, err := w.Enter(ctx, strings.ToLower(strings.ReplaceAll(begun.UserCode, "-", " ")), home); err != nil || got != id {
			t.Errorf("got %v %v", got, err)
		}
	})
}

func TestASweepForgetsOnlyWhatIsLongOver(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		begun, _ := w.begin("openid")
		w.wait(pairing.Life + 30*time.Minute)
		if n, err := w.Sweep(t.Context(), 10); n != 0 || err != nil {
			t.Errorf("got %d %v", n, err)
		}
		if _, err := w.poll(begun); !errors.Is(err, polling.ErrExpired) {
			t.Errorf("got %v", err)
		}
		w.wait(time.Hour)
		if n, err := w.Sweep(t.Context(), 10); n != 1 || err != nil {
			t.Errorf("got %d %v", n, err)
		}
	})
}
