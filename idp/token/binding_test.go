package token_test

import (
	"errors"
	"testing"
	"time"

	"github.com/nod-idp/nod/idp/client"
	"github.com/nod-idp/nod/idp/token"
)

const (
	jkt      = "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I" // RFC 9449, section 6.1
	otherJKT = "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs"
)

var withKey = token.Asked{JKT: jkt}

func (w *world) set(id string, change func(*client.Client)) client.Client {
	w.t.Helper()
	c, err := w.clients.Set(w.t.Context(), id, func(c *client.Client) error {
		change(c)
		return nil
	})
	must(w.t, err)
	return c
}

func TestATokenIsBoundToTheKeyThatItsRequestProved(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		issued, err := w.Redeem(t.Context(), w.app, w.issue(w.request()), redirect, verifier, withKey)
		must(t, err)
		access, err := w.Access(t.Context(), issued.AccessToken)
		must(t, err)
		if issued.JKT != jkt || access.JKT != jkt {
			t.Errorf("got %q and %q, want both bound", issued.JKT, access.JKT)
		}
		again, err := w.Refresh(t.Context(), w.app, issued.RefreshToken, nil, token.Asked{JKT: otherJKT})
		must(t, err) // a confidential client proves itself and may change its key (RFC 9449, section 5)
		if access, err = w.Access(t.Context(), again.AccessToken); err != nil || access.JKT != otherJKT {
			t.Errorf("after a refresh: got %q, %v", access.JKT, err)
		}
	})
}

func TestACodeThatNamesAKeyIsRedeemedWithItOnly(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		r := w.request()
		r.DPoPThumbprint = jkt
		code := w.issue(r)
		for _, asked := range []token.Asked{{}, {JKT: otherJKT}} {
			_, err := w.Redeem(t.Context(), w.app, code, redirect, verifier, asked)
			w.refused(err)
		}
		_, err := w.Redeem(t.Context(), w.app, code, redirect, verifier, withKey)
		must(t, err)
	})
}

func TestARefreshTokenOfAPublicClientNeedsTheSameKey(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		r := w.request()
		r.ClientID = "spa"
		issued, err := w.Redeem(t.Context(), w.spa, w.issue(r), redirect, verifier, withKey)
		must(t, err)
		for _, asked := range []token.Asked{{}, {JKT: otherJKT}} {
			_, err := w.Refresh(t.Context(), w.spa, issued.RefreshToken, nil, asked)
			w.refused(err)
		}
		again, err := w.Refresh(t.Context(), w.spa, issued.RefreshToken, nil, withKey)
		must(t, err)
		_, err = w.Refresh(t.Context(), w.spa, again.RefreshToken, nil, token.Asked{JKT: otherJKT})
		w.refused(err)
	})
}

func TestAClientThatBindsAllItsTokensGetsNoneWithoutAKey(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		c := w.set("app", func(c *client.Client) { c.DPoP = true; c.Grants = append(c.Grants, client.ClientCredentials) })
		code := w.issue(w.request())
		_, err := w.Redeem(t.Context(), c, code, redirect, verifier, token.Asked{})
		if !errors.Is(err, token.ErrProofNeeded) {
			t.Errorf("code: got %v", err)
		}
		if _, err := w.ClientCredentials(t.Context(), c, token.Asked{}); !errors.Is(err, token.ErrProofNeeded) {
			t.Errorf("client credentials: got %v", err)
		}
		issued, err := w.Redeem(t.Context(), c, code, redirect, verifier, withKey)
		must(t, err)
		if _, err := w.Refresh(t.Context(), c, issued.RefreshToken, nil, token.Asked{}); !errors.Is(err, token.ErrProofNeeded) {
			t.Errorf("refresh: got %v", err)
		}
	})
}

func TestATokenIsMeantForTheResourcesThatWereAskedFor(t *testing.T) {
	const api, files = "https://api.example", "https://files.example/"
	each(t, func(t *testing.T, w *world) {
		c := w.set("app", func(c *client.Client) {
			c.Resources = []string{api, files, "https://third.example"}
			c.Grants = append(c.Grants, client.ClientCredentials)
		})
		meant := func(issued token.Issued, err error) []string {
			t.Helper()
			must(t, err)
			access, err := w.Access(t.Context(), issued.AccessToken)
			must(t, err)
			return access.Resources
		}
		r := w.request()
		r.Resources = []string{api, files}
		code := w.issue(r)
		_, err := w.Redeem(t.Context(), c, code, redirect, verifier, token.Asked{Resources: []string{"https://third.example"}})
		if !errors.Is(err, token.ErrInvalidTarget) {
			t.Errorf("a resource that the code was not asked for: got %v", err)
		}
		issued, err := w.Redeem(t.Context(), c, code, redirect, verifier, token.Asked{Resources: []string{api}}) // the refusal used nothing up
		if got := meant(issued, err); len(got) != 1 || got[0] != api {
			t.Errorf("one of two: got %v", got)
		}
		again, err := w.Refresh(t.Context(), c, issued.RefreshToken, nil, token.Asked{Resources: []string{files}})
		if got := meant(again, err); len(got) != 1 || got[0] != files {
			t.Errorf("the other at a refresh: got %v", got)
		}
		if _, err := w.Refresh(t.Context(), c, again.RefreshToken, nil, token.Asked{Resources: []string{"https://third.example"}}); !errors.Is(err, token.ErrInvalidTarget) {
			t.Errorf("a third at a refresh: got %v", err)
		}
		all, err := w.Refresh(t.Context(), c, again.RefreshToken, nil, token.Asked{})
		if got := meant(all, err); len(got) != 2 {
			t.Errorf("none named at a refresh: got %v, want all that were granted", got)
		}
		own, err := w.ClientCredentials(t.Context(), c, token.Asked{Resources: []string{api}})
		if got := meant(own, err); len(got) != 1 || got[0] != api {
			t.Errorf("client credentials: got %v", got)
		}
		if got := meant(w.ClientCredentials(t.Context(), c, token.Asked{})); len(got) != 0 {
			t.Errorf("client credentials without a resource: got %v", got)
		}
		if _, err := w.ClientCredentials(t.Context(), c, token.Asked{Resources: []string{"https://elsewhere.example"}}); !errors.Is(err, token.ErrInvalidTarget) {
			t.Errorf("client credentials for a resource that is not registered: got %v", err)
		}
	})
}

// The conformance suite tries a code again 30 seconds after it was used.
func TestACodeUsedAgainHalfAMinuteLaterTakesEverythingBack(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		code := w.issue(w.request())
		issued, err := w.Redeem(t.Context(), w.app, code, redirect, verifier, token.Asked{})
		must(t, err)
		w.pass(30 * time.Second)
		_, err = w.Redeem(t.Context(), w.app, code, redirect, verifier, token.Asked{})
		w.refused(err)
		_, err = w.Refresh(t.Context(), w.app, issued.RefreshToken, nil, token.Asked{})
		w.refused(err)
		if w.works(issued.AccessToken) {
			t.Error("the access token still works")
		}
	})
}

func TestACodeWithItsKeyIsRedeemedOnceByManyHands(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		r := w.request()
		r.DPoPThumbprint = jkt
		code := w.issue(r)
		won := make(chan bool, 64)
		for range cap(won) {
			go func() {
				_, err := w.Redeem(t.Context(), w.app, code, redirect, verifier, withKey)
				won <- err == nil
			}()
		}
		winners := 0
		for range cap(won) {
			if <-won {
				winners++
			}
		}
		if winners != 1 {
			t.Errorf("%d redeemed it, want 1", winners)
		}
	})
}
