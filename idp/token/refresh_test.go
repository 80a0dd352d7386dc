package token_test

import (
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/nod-idp/nod/idp/client"
	"github.com/nod-idp/nod/idp/token"
	"github.com/nod-idp/nod/internal/db"
	"github.com/nod-idp/nod/internal/random"
)

func (w *world) refresh(presented string) token.Issued {
	w.t.Helper()
	issued, err := w.Refresh(w.t.Context(), w.app, presented, nil, token.Asked{})
	must(w.t, err)
	return issued
}

func TestARefreshGivesNewTokensAndASuccessor(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		first := w.signedIn()
		w.pass(9 * time.Minute)
		second := w.refresh(first.RefreshToken)
		if second.RefreshToken == first.RefreshToken || second.AccessToken == first.AccessToken || second.IDToken == "" {
			t.Errorf("got %+v", second)
		}
		w.pass(9 * time.Minute)
		if w.works(first.AccessToken) || !w.works(second.AccessToken) {
			t.Error("the wrong access token works")
		}
		third := w.refresh(second.RefreshToken)
		if !w.works(third.AccessToken) || w.audited("token.refreshed") != 2 {
			t.Error("the second refresh")
		}
	})
}

func TestALostAnswerIsRepeatedWithTheSameSuccessor(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		first := w.signedIn()
		lost := w.refresh(first.RefreshToken)
		w.pass(30 * time.Second)
		again := w.refresh(first.RefreshToken)
		if again.RefreshToken != lost.RefreshToken {
			t.Error("the repeated answer holds another successor")
		}
		if again.AccessToken == lost.AccessToken {
			t.Error("the access token is not a new one")
		}
		w.refresh(again.RefreshToken)
	})
}

func TestReuseRevokesTheFamily(t *testing.T) {
	for name, later := range map[string]func(w *world, first, second token.Issued){
		"after the grace":                 func(w *world, _, _ token.Issued) { w.pass(30*time.Second + time.Millisecond) },
		"once the successor was used":     func(w *world, _, second token.Issued) { w.refresh(second.RefreshToken) },
		"weeks later":                     func(w *world, _, _ token.Issued) { w.pass(29 * 24 * time.Hour) },
		"when rotation was switched off":  func(w *world, _, _ token.Issued) { w.app.RefreshRotation = false },
		"after a sweep that found little": func(w *world, _, _ token.Issued) { w.pass(time.Hour); w.sweep() },
	} {
		t.Run(name, func(t *testing.T) {
			each(t, func(t *testing.T, w *world) {
				first := w.signedIn()
				second := w.refresh(first.RefreshToken)
				later(w, first, second)
				_, err := w.Refresh(t.Context(), w.app, first.RefreshToken, nil, token.Asked{})
				w.refused(err)
				_, err = w.Refresh(t.Context(), w.app, second.RefreshToken, nil, token.Asked{})
				w.refused(err)
				if w.works(second.AccessToken) {
					t.Error("an access token of the family works")
				}
				if w.audited("grant.revoked") != 1 {
					t.Errorf("got %d entries, want 1", w.audited("grant.revoked"))
				}
			})
		})
	}
}

func (w *world) sweep() int64 {
	w.t.Helper()
	n, err := w.Sweep(w.t.Context(), 1000)
	must(w.t, err)
	return n
}

func TestTwentyParallelRefreshesAreOneFamily(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		first := w.signedIn()
		results := make([]token.Issued, 20)
		errs := make([]error, len(results))
		var wg sync.WaitGroup
		for i := range results {
			wg.Go(func() { results[i], errs[i] = w.Refresh(t.Context(), w.app, first.RefreshToken, nil, token.Asked{}) })
		}
		wg.Wait()
		for i, got := range results {
			must(t, errs[i])
			if got.RefreshToken != results[0].RefreshToken {
				t.Error("two different successors")
			}
			if !w.works(got.AccessToken) {
				t.Error("an access token does not work")
			}
		}
		if n := w.count("SELECT count(*) FROM refresh_tokens"); n != 2 {
			t.Errorf("got %d refresh tokens, want parent and successor", n)
		}
		w.refresh(results[0].RefreshToken)
	})
}

func TestWithoutRotationTheRefreshTokenStays(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.app.RefreshRotation = false
		first := w.signedIn()
		for range 3 {
			w.pass(29 * 24 * time.Hour)
			if got := w.refresh(first.RefreshToken); got.RefreshToken != first.RefreshToken || !w.works(got.AccessToken) {
				t.Error("the token changed or does not work")
			}
		}
		w.pass(3 * 24 * time.Hour)
		_, err := w.Refresh(t.Context(), w.app, first.RefreshToken, nil, token.Asked{})
		w.refused(err)
	})
}

func TestAPublicClientAlwaysRotates(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.spa.RefreshRotation = false
		r := w.request()
		r.ClientID = "spa"
		issued, err := w.Redeem(t.Context(), w.spa, w.issue(r), redirect, verifier, token.Asked{})
		must(t, err)
		again, err := w.Refresh(t.Context(), w.spa, issued.RefreshToken, nil, token.Asked{})
		must(t, err)
		if again.RefreshToken == issued.RefreshToken {
			t.Error("the refresh token stayed")
		}
	})
}

func TestRefreshTokensEnd(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		idle := w.signedIn()
		w.pass(30 * 24 * time.Hour)
		_, err := w.Refresh(t.Context(), w.app, idle.RefreshToken, nil, token.Asked{})
		w.refused(err)

		must(t, w.newSession())
		issued := w.signedIn()
		for range 4 {
			w.pass(20 * 24 * time.Hour)
			issued = w.refresh(issued.RefreshToken)
		}
		w.pass(10*24*time.Hour - time.Minute) // 90 days but for a minute
		issued = w.refresh(issued.RefreshToken)
		if issued.ExpiresIn != time.Minute {
			t.Errorf("the access token lives %v, past the end of its grant", issued.ExpiresIn)
		}
		w.pass(time.Minute)
		_, err = w.Refresh(t.Context(), w.app, issued.RefreshToken, nil, token.Asked{})
		w.refused(err)
	})
}

func TestARefreshLooksAtEverythingAgain(t *testing.T) {
	for name, spoil := range map[string]func(w *world, held string) (string, error){
		"the person was disabled":   func(w *world, held string) (string, error) { return held, w.users.Disable(w.t.Context(), w.alice.ID) },
		"the client was removed":    func(w *world, held string) (string, error) { return held, w.clients.Remove(w.t.Context(), "app") },
		"the grant was revoked":     func(w *world, held string) (string, error) { return held, w.Revoke(w.t.Context(), w.app, held) },
		"everything was taken back": func(w *world, held string) (string, error) { return held, w.revokeUser() },
		"the client lost the right": func(w *world, held string) (string, error) {
			w.app.Grants = []client.Grant{client.AuthorizationCode}
			return held, nil
		},
		"another client has it":     func(w *world, held string) (string, error) { w.app = w.other; return held, nil },
		"the database was restored": func(w *world, held string) (string, error) { w.Epoch++; return held, nil },
		"it is shortened":           func(_ *world, held string) (string, error) { return held[:len(held)-1], nil },
		"it is unknown":             func(*world, string) (string, error) { return random.Token("nor"), nil },
		"it is an access token":     func(w *world, _ string) (string, error) { return w.signedIn().AccessToken, nil },
		"it is an ID token":         func(w *world, _ string) (string, error) { return w.signedIn().IDToken, nil },
	} {
		t.Run(name, func(t *testing.T) {
			each(t, func(t *testing.T, w *world) {
				held, err := spoil(w, w.signedIn().RefreshToken)
				must(t, err)
				_, err = w.Refresh(t.Context(), w.app, held, nil, token.Asked{})
				w.refused(err)
			})
		})
	}
}

func (w *world) revokeUser() error {
	return w.DB.Write(w.t.Context(), func(tx *db.Tx) error { return w.RevokeUserTx(tx, w.alice.ID, "sign out everywhere") })
}

func TestScopesCanOnlyBecomeFewer(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		first := w.signedIn("openid", "email", "offline_access")
		_, err := w.Refresh(t.Context(), w.app, first.RefreshToken, []string{"openid", "profile"}, token.Asked{})
		if !errors.Is(err, token.ErrInvalidScope) {
			t.Errorf("got %v, want invalid scope", err)
		}
		fewer, err := w.Refresh(t.Context(), w.app, first.RefreshToken, []string{"email"}, token.Asked{})
		must(t, err)
		got, err := w.Access(t.Context(), fewer.AccessToken)
		must(t, err)
		if len(got.Scopes) != 1 || fewer.IDToken != "" {
			t.Errorf("got scopes %q, ID token %q", got.Scopes, fewer.IDToken)
		}
		if all := w.refresh(fewer.RefreshToken); len(all.Scopes) != 3 {
			t.Errorf("the grant itself shrank to %q", all.Scopes)
		}
	})
}

func TestAnOfflineGrantOutlivesItsSession(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		offline, online := w.signedIn(), w.signedIn("openid")
		must(t, w.endSession())
		if w.works(online.AccessToken) {
			t.Error("an access token without offline_access survived the logout")
		}
		w.refresh(offline.RefreshToken)
	})
}
