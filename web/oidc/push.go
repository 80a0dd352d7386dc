package oidc

import (
	"encoding/json"
	"net/http"
	"net/url"

	"github.com/nod-idp/nod/idp"
	"github.com/nod-idp/nod/idp/client"
	"github.com/nod-idp/nod/idp/pushed"
)

// maxPushed is the most that a pushed request may weigh.
const maxPushed = 64 << 10

// pushAnswer is RFC 9126, section 2.2.
type pushAnswer struct {
	RequestURI string `json:"request_uri"`
	ExpiresIn  int64  `json:"expires_in"` // s
}

// push takes an authorization request beforehand (RFC 9126). The client authenticates
// itself as at the token endpoint, and is told here whatever is wrong with the request.
func (s *Surface) push(w http.ResponseWriter, r *http.Request) error {
	form, err := formOf(r)
	if err != nil {
		return problemOf(err)
	}
	c, err := s.authenticate(r.Context(), r, form)
	if err != nil {
		return problemOf(err)
	}
	values, failure := s.pushable(r, c, form)
	if failure != nil {
		return problemOf(failure)
	}
	if err := s.bindPushed(w, r, c, values); err != nil {
		return problemOf(err)
	}
	reference, err := s.Pushed.Push(r.Context(), c.ID, values)
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(http.StatusCreated)
	return json.NewEncoder(w).Encode(pushAnswer{RequestURI: reference, ExpiresIn: int64(pushed.Life.Seconds())})
}

// bindPushed binds the code to the key of a proof that came along: it is dpop_jkt by
// another way (RFC 9449, section 10.1).
func (s *Surface) bindPushed(w http.ResponseWriter, r *http.Request, c client.Client, values url.Values) error {
	if len(r.Header.Values(proofHeader)) == 0 {
		return nil
	}
	jkt, err := s.provedKey(w, r, c, pushPath)
	if err != nil {
		return err
	}
	if asked := values.Get("dpop_jkt"); asked != "" && asked != jkt {
		return fail(idp.InvalidRequest, "dpop_jkt is not the key of the DPoP proof", nil)
	}
	values.Set("dpop_jkt", jkt)
	return nil
}

// credentialParameters are those by which the client authenticated itself; they are not part of the
// request.
var credentialParameters = []string{"client_secret", "client_assertion", "client_assertion_type"}

// pushable returns the parameters if the authorization endpoint would take them.
func (s *Surface) pushable(r *http.Request, c client.Client, form url.Values) (url.Values, *idp.OAuthError) {
	if form.Has("request_uri") { // RFC 9126, section 2.1
		return nil, fail(idp.InvalidRequest, "request_uri cannot be pushed", nil)
	}
	outside := url.Values{}
	for name, all := range form {
		outside[name] = all
	}
	for _, name := range credentialParameters {
		outside.Del(name)
	}
	outside.Set("client_id", c.ID)
	values, failure := s.unwrap(r.Context(), c, outside)
	if failure != nil {
		return nil, failure
	}
	if redirects := values["redirect_uri"]; len(redirects) != 1 || !c.AllowsRedirect(redirects[0]) {
		return nil, fail(idp.InvalidRequest, "redirect_uri is missing or not registered for the client", nil)
	}
	_, failure = s.read(r.Context(), values, c)
	return values, failure
}
