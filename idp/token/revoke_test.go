package token_test

import (
	"errors"
	"testing"
	"time"

	"github.com/nod-idp/nod/idp/token"
	"github.com/nod-idp/nod/internal/db"
)

func TestAnAccessTokenStopsWorkingAtOnce(t *testing.T) {
	for name, spoil := range map[string]func(w *world, issued token.Issued) error{
		"when it is revoked":             func(w *world, i token.Issued) error { return w.Revoke(w.t.Context(), w.app, i.AccessToken) },
		"when its grant is revoked":      func(w *world, i token.Issued) error { return w.Revoke(w.t.Context(), w.app, i.RefreshToken) },
		"when the person is disabled":    func(w *world, _ token.Issued) error { return w.users.Disable(w.t.Context(), w.alice.ID) },
		"when the client is removed":     func(w *world, _ token.Issued) error { return w.clients.Remove(w.t.Context(), "app") },
		"when the person takes all back": func(w *world, _ token.Issued) error { return w.revokeUser() },
		"when the client's are taken back": func(w *world, _ token.Issued) error {
			return w.DB.Write(w.t.Context(), func(tx *db.Tx) error { return w.RevokeClientTx(tx, "app", "secret leaked") })
		},
		"after a restore": func(w *world, _ token.Issued) error { w.Epoch++; return nil },
	} {
		t.Run(name, func(t *testing.T) {
			each(t, func(t *testing.T, w *world) {
				issued := w.signedIn()
				if !w.works(issued.AccessToken) {
					t.Fatal("the fresh token does not work")
				}
				must(t, spoil(w, issued))
				if w.works(issued.AccessToken) {
					t.Error("the token works")
				}
				if _, _, err := w.Introspect(t.Context(), w.app, issued.AccessToken); !errors.Is(err, token.ErrNone) {
					t.Errorf("introspection: got %v, want none", err)
				}
			})
		})
	}
}

func TestOnlyTheClientItselfRevokesItsTokens(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		issued := w.signedIn()
		for _, held := range []string{issued.AccessToken, issued.RefreshToken, issued.IDToken, "", "noa_x", "garbage"} {
			if err := w.Revoke(t.Context(), w.other, held); err != nil {
				t.Errorf("%.5q: got %v, want no error", held, err)
			}
		}
		if !w.works(issued.AccessToken) {
			t.Error("another client revoked the access token")
		}
		w.refresh(issued.RefreshToken)
		must(t, w.Revoke(t.Context(), w.app, issued.AccessToken))
		must(t, w.Revoke(t.Context(), w.app, issued.AccessToken))
		if w.audited("token.access.revoked") != 1 {
			t.Error("the second revocation left an entry")
		}
	})
}

func TestWhatTokensAreNot(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		issued := w.signedIn()
		code := w.issue(w.request())
		for name, held := range map[string]string{
			"an ID token": issued.IDToken, "a refresh token": issued.RefreshToken, "a code": code, "nothing": "",
			"a shortened token": issued.AccessToken[:len(issued.AccessToken)-1], "a lengthened token": issued.AccessToken + "A",
			"a token in another case": "NOA" + issued.AccessToken[3:],
		} {
			if w.works(held) {
				t.Errorf("%s works as an access token", name)
			}
		}
	})
}

func TestIntrospectionTellsEveryClientOfAccessTokensAndNobodyElseOfRefreshTokens(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		issued := w.signedIn()
		got, kind, err := w.Introspect(t.Context(), w.other, issued.AccessToken)
		if err != nil || kind != token.KindAccess || got.ClientID != "app" || got.UserID != w.alice.ID {
			t.Errorf("got %+v, %s, %v", got, kind, err)
		}
		if _, _, err := w.Introspect(t.Context(), w.other, issued.RefreshToken); !errors.Is(err, token.ErrNone) {
			t.Errorf("another client's refresh token: got %v", err)
		}
		got, kind, err = w.Introspect(t.Context(), w.app, issued.RefreshToken)
		if err != nil || kind != token.KindRefresh || !got.ExpiresAt.Equal(w.now.Add(30*24*time.Hour)) {
			t.Errorf("got %+v, %s, %v", got, kind, err)
		}
		w.refresh(issued.RefreshToken)
		if _, _, err := w.Introspect(t.Context(), w.app, issued.RefreshToken); !errors.Is(err, token.ErrNone) {
			t.Errorf("a used refresh token: got %v", err)
		}
	})
}

func TestAClientActsForItself(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		issued, err := w.ClientCredentials(t.Context(), w.app, token.Asked{})
		must(t, err)
		if issued.RefreshToken != "" || issued.IDToken != "" || len(issued.Scopes) != 0 {
			t.Errorf("got %+v", issued)
		}
		got, err := w.Access(t.Context(), issued.AccessToken)
		if err != nil || got.UserID != "" || got.ClientID != "app" {
			t.Errorf("got %+v, %v", got, err)
		}
		w.write(func(tx *db.Tx) error { return w.RevokeUserTx(tx, "", "nobody") })
		w.write(func(tx *db.Tx) error { return w.RevokeSessionTx(tx, "", "none") })
		if !w.works(issued.AccessToken) {
			t.Error("revoking nobody's grants revoked a client's own")
		}
	})
}

func TestSweepLeavesWhatStillCounts(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		first := w.signedIn()
		second := w.refresh(first.RefreshToken)
		online := w.signedIn("openid")
		if n := w.sweep(); n != 0 {
			t.Errorf("swept %d fresh rows", n)
		}
		w.pass(2 * time.Hour)
		if n := w.sweep(); n != 4 { // three access tokens, and the grant that had nothing else
			t.Errorf("swept %d rows, want 4", n)
		}
		if w.works(online.AccessToken) {
			t.Error("an expired token works")
		}
		w.refresh(second.RefreshToken)
		w.pass(100 * 24 * time.Hour)
		w.sweep()
		if n := w.count("SELECT (SELECT count(*) FROM grants) + (SELECT count(*) FROM codes) + (SELECT count(*) FROM refresh_tokens) + (SELECT count(*) FROM access_tokens)"); n != 0 {
			t.Errorf("%d rows are left", n)
		}
	})
}
