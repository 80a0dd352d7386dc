package oidc_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/nod-idp/nod/idp/client"
)

func TestAProofBindsTheTokensOfARequest(t *testing.T) {
	w := on(t)
	s := w.newSigner()
	issued := w.redeem(s.proving)
	access := text(issued["access_token"])
	if issued["token_type"] != "DPoP" {
		t.Errorf("token_type: got %v", issued["token_type"])
	}
	told := w.introspected(access)
	if key, _ := told["cnf"].(map[string]any); key["jkt"] != s.thumbprint() || told["token_type"] != "DPoP" {
		t.Errorf("introspection: got %v", told)
	}
	if got := s.userinfo(access, nil); got.StatusCode != http.StatusOK || got.json(t)["sub"] != w.alice.ID {
		t.Errorf("userinfo: got %d %s", got.StatusCode, got.body)
	} else if got.Header.Get("DPoP-Nonce") == "" {
		t.Error("no nonce for the next proof")
	}
	again := w.post("/oauth/token", url.Values{"grant_type": {"refresh_token"}, "refresh_token": {text(issued["refresh_token"])}}, w.asApp)
	if got := again.json(t)["token_type"]; got != "Bearer" {
		t.Errorf("a refresh without a proof: got %v", got)
	}
}

func TestABoundTokenNeedsItsKeyAtUserInfo(t *testing.T) {
	w := on(t)
	s, other := w.newSigner(), w.newSigner()
	access := text(w.redeem(s.proving)["access_token"])
	challenged := func(name string, got answered, code string) {
		t.Helper()
		refused(t, got, http.StatusUnauthorized, code)
		if c := got.Header.Get("WWW-Authenticate"); !strings.HasPrefix(c, "DPoP ") || !strings.Contains(c, `error="`+code+`"`) || !strings.Contains(c, `algs="`) {
			t.Errorf("%s: got the challenge %q", name, c)
		}
	}
	challenged("as a bearer token", w.bearer("/oauth/userinfo", access), "invalid_token")
	challenged("in a body", w.post("/oauth/userinfo", url.Values{"access_token": {access}}), "invalid_token")
	challenged("with another key", other.userinfo(access, nil), "invalid_token")
	challenged("without the hash of the token", s.userinfo(access, claims{"ath": nil}), "invalid_dpop_proof")
	challenged("for another method", s.userinfo(access, claims{"htm": "POST"}), "invalid_dpop_proof")
	challenged("for the token endpoint", s.userinfo(access, claims{"htu": w.url + "/oauth/token"}), "invalid_dpop_proof")
	challenged("without a proof", w.post("/oauth/userinfo", nil, header("Authorization", "DPoP "+access)), "invalid_dpop_proof")
	challenged("an old proof", s.userinfo(access, claims{"iat": w.clock().Add(-2 * time.Minute).Unix()}), "use_dpop_nonce")
	bearer := text(w.signedIn()["access_token"])
	challenged("a bearer token with a proof", s.userinfo(bearer, nil), "invalid_token")
	twice := func(r *http.Request) {
		r.Header.Set("Authorization", "DPoP "+access)
		r.Header.Add("DPoP", s.proof("POST", "/oauth/userinfo", access, nil))
		r.Header.Add("DPoP", s.proof("POST", "/oauth/userinfo", access, nil))
	}
	challenged("two proofs", w.post("/oauth/userinfo", nil, twice), "invalid_dpop_proof")
	proof := s.proof("POST", "/oauth/userinfo", access, nil)
	once := func(r *http.Request) { r.Header.Set("Authorization", "DPoP "+access); r.Header.Set("DPoP", proof) }
	if got := w.post("/oauth/userinfo", nil, once); got.StatusCode != http.StatusOK {
		t.Errorf("by POST: got %d %s", got.StatusCode, got.body)
	}
	challenged("the same proof again", w.post("/oauth/userinfo", nil, once), "invalid_dpop_proof")
}

func TestWrongProofsGetNoTokens(t *testing.T) {
	w := on(t)
	s := w.newSigner()
	form := url.Values{"grant_type": {"client_credentials"}}
	with := func(proofs ...string) answered {
		return w.post("/oauth/token", form, w.asApp, func(r *http.Request) { r.Header["Dpop"] = proofs })
	}
	good := s.proof("POST", "/oauth/token", "", nil)
	if got := with(good); got.StatusCode != http.StatusOK || got.json(t)["token_type"] != "DPoP" {
		t.Fatalf("got %d %s", got.StatusCode, got.body)
	}
	refused(t, with(good), http.StatusBadRequest, "invalid_dpop_proof") // used before
	refused(t, with("no proof"), http.StatusBadRequest, "invalid_dpop_proof")
	refused(t, with(s.proof("POST", "/oauth/token", "", nil), s.proof("POST", "/oauth/token", "", nil)), http.StatusBadRequest, "invalid_dpop_proof")
	refused(t, with(s.proof("GET", "/oauth/token", "", nil)), http.StatusBadRequest, "invalid_dpop_proof")
	refused(t, with(s.proof("POST", "/oauth/par", "", nil)), http.StatusBadRequest, "invalid_dpop_proof")
	stale := with(s.proof("POST", "/oauth/token", "", claims{"iat": w.clock().Add(-2 * time.Minute).Unix()}))
	refused(t, stale, http.StatusBadRequest, "use_dpop_nonce")
	s.nonce = stale.Header.Get("DPoP-Nonce") // a client whose clock is behind goes by the nonce
	if got := with(s.proof("POST", "/oauth/token", "", claims{"iat": w.clock().Add(-2 * time.Minute).Unix()})); got.StatusCode != http.StatusOK {
		t.Errorf("with the nonce: got %d %s", got.StatusCode, got.body)
	}
}

func TestAClientThatMustBindItsTokensIsAskedForANonce(t *testing.T) {
	w := on(t)
	s := w.newSigner()
	w.change("app", func(c *client.Client) { c.DPoP = true })
	form := url.Values{"grant_type": {"client_credentials"}}
	refused(t, w.post("/oauth/token", form, w.asApp), http.StatusBadRequest, "invalid_dpop_proof")
	asked := w.post("/oauth/token", form, w.asApp, s.proving)
	refused(t, asked, http.StatusBadRequest, "use_dpop_nonce")
	if s.nonce = asked.Header.Get("DPoP-Nonce"); s.nonce == "" {
		t.Fatal("no nonce to use")
	}
	issued := w.redeem(s.proving)
	access := text(issued["access_token"])
	if got := s.userinfo(access, nil); got.StatusCode != http.StatusOK {
		t.Errorf("with the nonce: got %d %s", got.StatusCode, got.body)
	}
	without := s.userinfo(access, claims{"nonce": nil})
	refused(t, without, http.StatusUnauthorized, "use_dpop_nonce")
	if without.Header.Get("DPoP-Nonce") == "" {
		t.Error("userinfo names no nonce")
	}
	w.pass(6 * time.Minute)
	refused(t, w.post("/oauth/token", form, w.asApp, s.proving), http.StatusBadRequest, "use_dpop_nonce")
}

func TestACodeMayBeBoundToAKeyFromTheStart(t *testing.T) {
	w := on(t)
	s, thief := w.newSigner(), w.newSigner()
	_, q := w.get("/authorize", ask("dpop_jkt", s.thumbprint())).location(t)
	code := q.Get("code")
	refused(t, w.post("/oauth/token", exchange(code), w.asApp), http.StatusBadRequest, "invalid_grant")
	refused(t, w.post("/oauth/token", exchange(code), w.asApp, thief.proving), http.StatusBadRequest, "invalid_grant")
	if got := w.post("/oauth/token", exchange(code), w.asApp, s.proving); got.StatusCode != http.StatusOK {
		t.Errorf("with its key: got %d %s", got.StatusCode, got.body)
	}
	_, q = w.get("/authorize", ask("dpop_jkt", "short")).location(t)
	if q.Get("error") != "invalid_request" {
		t.Errorf("a thumbprint that is none: got %v", q)
	}
}

func TestPagesMaySendProofsAndReadNonces(t *testing.T) {
	w := on(t)
	r, err := http.NewRequestWithContext(t.Context(), http.MethodOptions, w.url+"/oauth/token", nil)
	must(t, err)
	r.Header.Set("Origin", "https://spa.example")
	r.Header.Set("Access-Control-Request-Method", "POST")
	r.Header.Set("Access-Control-Request-Headers", "dpop")
	if got := w.send(r).Header.Get("Access-Control-Allow-Headers"); !strings.Contains(strings.ToLower(got), "dpop") {
		t.Errorf("got %q, want DPoP among them", got)
	}
}
