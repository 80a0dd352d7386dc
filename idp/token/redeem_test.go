package token_test

import (
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/nod-idp/nod/idp/client"
	"github.com/nod-idp/nod/idp/session"
	"github.com/nod-idp/nod/idp/token"
	"github.com/nod-idp/nod/internal/db"
)

func TestACodeIsExchangedForTokens(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		issued := w.signedIn("openid", "profile", "offline_access")
		if issued.ExpiresIn != 10*time.Minute || issued.RefreshToken == "" || issued.IDToken == "" || len(issued.Scopes) != 3 {
			t.Errorf("got %+v", issued)
		}
		got, err := w.Access(t.Context(), issued.AccessToken)
		must(t, err)
		if got.UserID != w.alice.ID || got.ClientID != "app" || got.SID != w.session.SID || !got.Allows("profile") || got.Allows("email") {
			t.Errorf("got %+v", got)
		}
		if !got.ExpiresAt.Equal(w.now.Add(10*time.Minute)) || !got.Evidence.MFA() {
			t.Errorf("got %+v", got)
		}
		w.pass(10 * time.Minute)
		if w.works(issued.AccessToken) {
			t.Error("the access token outlived its ten minutes")
		}
	})
}

func TestARefreshTokenComesOnlyWithOfflineAccessAndARegistration(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		if issued := w.signedIn("openid"); issued.RefreshToken != "" {
			t.Error("a refresh token without offline_access")
		}
		w.app.Grants = []client.Grant{client.AuthorizationCode}
		issued := w.signedIn("openid", "offline_access")
		if issued.RefreshToken != "" || len(issued.Scopes) != 1 {
			t.Errorf("a client without the grant got %q and %q", issued.RefreshToken, issued.Scopes)
		}
	})
}

// TestTruthTableOfRedemption: each fault alone refuses, and so do all together.
func TestTruthTableOfRedemption(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		for bits := range 16 {
			wrongClient, expired, used, wrongRedirect := bits&1 != 0, bits&2 != 0, bits&4 != 0, bits&8 != 0
			name := fmt.Sprintf("wrong client %v, expired %v, used %v, wrong redirect %v", wrongClient, expired, used, wrongRedirect)
			code := w.issue(w.request())
			if used {
				_, err := w.Redeem(t.Context(), w.app, code, redirect, verifier, token.Asked{})
				must(t, err)
			}
			if expired {
				w.pass(time.Minute)
			}
			c, uri := w.app, redirect
			if wrongClient {
				c = w.other
			}
			if wrongRedirect {
				uri = redirect + "/"
			}
			_, err := w.Redeem(t.Context(), c, code, uri, verifier, token.Asked{})
			if bits == 0 {
				must(t, err)
			} else if !errors.Is(err, token.ErrInvalidGrant) {
				t.Errorf("%s: got %v, want invalid grant", name, err)
			}
		}
	})
}

func TestAttemptsThatAreRefused(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		for name, attempt := range map[string]struct {
			challenge, verifier string
			spoil               func(code string) string
		}{
			"no verifier for a challenge":              {challenge: challenge},
			"a wrong verifier":                         {challenge: challenge, verifier: verifier + "x"},
			"a verifier where no challenge was stored": {verifier: verifier},
			"the challenge as its own verifier":        {challenge: challenge, verifier: challenge},
			"a short verifier":                         {challenge: "ungWv48Bz-pBQUDeXa4iI7ADYaOWF3qctBD_YfIAFa0", verifier: "abc"},
			"a shortened code":                         {challenge, verifier, func(code string) string { return code[:len(code)-1] }},
			"a code in another case":                   {challenge, verifier, func(code string) string { return "NOC" + code[3:] }},
			"no code":                                  {challenge, verifier, func(string) string { return "" }},
		} {
			r := w.request()
			r.CodeChallenge = attempt.challenge
			code := w.issue(r)
			if attempt.spoil != nil {
				code = attempt.spoil(code)
			}
			if _, err := w.Redeem(t.Context(), w.app, code, redirect, attempt.verifier, token.Asked{}); !errors.Is(err, token.ErrInvalidGrant) {
				t.Errorf("%s: got %v, want invalid grant", name, err)
			}
		}
		if got := w.count("SELECT count(*) FROM grants"); got != 0 {
			t.Errorf("got %d grants, want none", got)
		}
		if got := w.audited("token.code.refused"); got != 5 {
			t.Errorf("got %d entries, want one for each code that was tried", got)
		}
	})
}

func TestAClientExcusedFromPKCERedeemsWithoutAVerifier(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		r := w.request()
		r.CodeChallenge = ""
		_, err := w.Redeem(t.Context(), w.app, w.issue(r), redirect, "", token.Asked{})
		must(t, err)
	})
}

func TestAWrongAttemptUsesNothingUp(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		code := w.issue(w.request())
		_, err := w.Redeem(t.Context(), w.other, code, redirect, verifier, token.Asked{})
		w.refused(err)
		_, err = w.Redeem(t.Context(), w.app, code, redirect, "", token.Asked{})
		w.refused(err)
		issued, err := w.Redeem(t.Context(), w.app, code, redirect, verifier, token.Asked{})
		must(t, err)
		_, err = w.Redeem(t.Context(), w.other, code, redirect, verifier, token.Asked{})
		w.refused(err)
		if !w.works(issued.AccessToken) {
			t.Error("another client's attempt revoked the tokens")
		}
	})
}

func TestASecondRedemptionRevokesEverythingTheFirstGave(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		code := w.issue(w.request())
		first, err := w.Redeem(t.Context(), w.app, code, redirect, verifier, token.Asked{})
		must(t, err)
		second, err := w.Refresh(t.Context(), w.app, first.RefreshToken, nil, token.Asked{})
		must(t, err)
		w.pass(time.Hour) // long after the code expired
		_, err = w.Redeem(t.Context(), w.app, code, redirect, "", token.Asked{})
		w.refused(err)
		_, err = w.Refresh(t.Context(), w.app, second.RefreshToken, nil, token.Asked{})
		w.refused(err)
		if w.works(first.AccessToken) || w.works(second.AccessToken) {
			t.Error("an access token survived")
		}
		if w.audited("grant.revoked") != 1 || w.audited("token.code.refused") != 1 {
			t.Error("the second redemption left no trace")
		}
	})
}

func TestSixtyFourRedeemersOneSuccessThenAllRevoked(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		code := w.issue(w.request())
		results := make([]token.Issued, 64)
		errs := make([]error, len(results))
		var wg sync.WaitGroup
		for i := range results {
			wg.Go(func() { results[i], errs[i] = w.Redeem(t.Context(), w.app, code, redirect, verifier, token.Asked{}) })
		}
		wg.Wait()
		succeeded := 0
		for i, err := range errs {
			if err != nil {
				w.refused(err)
				continue
			}
			succeeded++
			if w.works(results[i].AccessToken) {
				t.Error("the access token works")
			}
			_, err := w.Refresh(t.Context(), w.app, results[i].RefreshToken, nil, token.Asked{})
			w.refused(err)
		}
		if succeeded != 1 || w.count("SELECT count(*) FROM grants") != 1 {
			t.Errorf("got %d successes and %d grants, want one of each", succeeded, w.count("SELECT count(*) FROM grants"))
		}
	})
}

func TestNoTokensForWhomTheyAreNotMeantAnyMore(t *testing.T) {
	for name, spoil := range map[string]func(w *world) error{
		"the person was disabled":    func(w *world) error { return w.users.Disable(w.t.Context(), w.alice.ID) },
		"the session was ended":      func(w *world) error { return w.endSession() },
		"the database was restored":  func(w *world) error { w.Epoch++; return nil },
		"there is no such session":   func(w *world) error { w.session.SID = "ses_none"; return nil },
		"the person is not there":    func(w *world) error { w.alice.ID = "usr_none"; return nil },
		"the code was never issued":  func(w *world) error { return errNever },
		"the session is over by age": func(w *world) error { w.Sessions.Absolute = time.Second; return w.newSession() },
	} {
		t.Run(name, func(t *testing.T) {
			each(t, func(t *testing.T, w *world) {
				early := w.issue(w.request())
				switch err := spoil(w); {
				case errors.Is(err, errNever):
					early = w.CodeFor("log_none")
				case err != nil:
					t.Fatal(err)
				}
				code := early
				if w.session.SID == "ses_none" || w.alice.ID == "usr_none" || w.Sessions.Absolute != 0 {
					code = w.issue(w.request())
					w.pass(2 * time.Second)
				}
				_, err := w.Redeem(t.Context(), w.app, code, redirect, verifier, token.Asked{})
				w.refused(err)
				if got := w.count("SELECT count(*) FROM grants"); got != 0 {
					t.Errorf("got %d grants, want none", got)
				}
			})
		})
	}
}

var errNever = errors.New("never issued")

func (w *world) endSession() error {
	return w.DB.Write(w.t.Context(), func(tx *db.Tx) error {
		if _, err := w.Sessions.EndTx(tx, w.session.ID, session.LoggedOut); err != nil {
			return err
		}
		return w.RevokeSessionTx(tx, w.session.SID, "logout")
	})
}

func (w *world) newSession() error {
	return w.DB.Write(w.t.Context(), func(tx *db.Tx) (err error) {
		w.session, _, err = w.Sessions.StartTx(tx, session.New{UserID: w.alice.ID})
		return err
	})
}

func TestACodeSurvivesThatThePersonAuthenticatesAgain(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		code := w.issue(w.request())
		w.write(func(tx *db.Tx) error {
			_, _, err := w.Sessions.StartTx(tx, session.New{UserID: w.alice.ID, Replaces: w.session.ID})
			return err
		})
		_, err := w.Redeem(t.Context(), w.app, code, redirect, verifier, token.Asked{})
		must(t, err)
	})
}

func TestALoginLeadsToOneCodeThatCanBeToldAgain(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		r := w.request()
		r.LoginID = "log_1"
		code := w.issue(r)
		if code != w.CodeFor("log_1") || code == w.CodeFor("log_2") {
			t.Error("the code is not the login's own")
		}
		err := w.DB.Write(t.Context(), func(tx *db.Tx) error {
			_, err := w.IssueCodeTx(tx, r)
			return err
		})
		if !errors.Is(err, token.ErrCodeIssued) {
			t.Errorf("got %v, want ErrCodeIssued", err)
		}
		if one, two := w.issue(w.request()), w.issue(w.request()); one == two {
			t.Error("two codes without a login are the same")
		}
		_, err = w.Redeem(t.Context(), w.app, code, redirect, verifier, token.Asked{})
		must(t, err)
	})
}
