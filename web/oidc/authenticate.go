package oidc

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strings"

	"github.com/nod-idp/nod/idp"
	"github.com/nod-idp/nod/idp/client"
	"github.com/nod-idp/nod/idp/client/assertion"
)

// authenticate returns the client that sent a request. A client uses exactly one
// method (RFC 6749, section 2.3), and it is the one it is registered for: a secret
// that is accepted in two places leaks from the worse of them.
func (s *Surface) authenticate(ctx context.Context, r *http.Request, form url.Values) (client.Client, error) {
	given, err := credentialsOf(r, form)
	if err != nil {
		return client.Client{}, err
	}
	c, err := s.Clients.Get(ctx, given.id)
	switch {
	case errors.Is(err, client.ErrNotFound):
		return client.Client{}, wrongClient("there is no such client")
	case err != nil:
		return client.Client{}, err
	case c.AuthMethod != given.method:
		return client.Client{}, wrongClient("the client is registered for " + string(c.AuthMethod) + " and used " + string(given.method))
	case given.method == client.AuthPrivateKey:
		if err = s.asserted.Use(ctx, c, given.assertion); errors.Is(err, assertion.ErrInvalid) {
			return client.Client{}, wrongClient(err.Error())
		}
		return c, err
	case !c.Public() && !c.VerifySecret(given.secret):
		return client.Client{}, wrongClient("the secret is wrong")
	}
	return c, nil
}

// wrongClient looks the same whatever was wrong.
func wrongClient(reason string) error {
	return fail(idp.InvalidClient, "the client could not be authenticated", errors.New(reason))
}

type credentials struct {
	method    client.AuthMethod
	id        string
	secret    string
	assertion string
}

func credentialsOf(r *http.Request, form url.Values) (credentials, error) {
	headers := r.Header.Values("Authorization")
	asserted := form.Has("client_assertion") || form.Has("client_assertion_type")
	ways := len(headers)
	if form.Has("client_secret") {
		ways++
	}
	if asserted {
		ways++
	}
	if ways > 1 {
		return credentials{}, fail(idp.InvalidRequest, "more than one way to authenticate the client was used", nil)
	}
	given := credentials{method: client.AuthNone, id: form.Get("client_id")}
	switch {
	case len(headers) == 1:
		id, secret, err := basic(r)
		if err != nil {
			return credentials{}, err
		}
		if given.id != "" && given.id != id {
			return credentials{}, fail(idp.InvalidRequest, "client_id is not the client that authenticated itself", nil)
		}
		given = credentials{method: client.AuthBasic, id: id, secret: secret}
	case asserted:
		return assertionOf(form)
	case form.Has("client_secret"):
		given.method, given.secret = client.AuthPost, form.Get("client_secret")
	}
	if given.id == "" {
		return credentials{}, wrongClient("no client was named")
	}
	return given, nil
}

// assertionOf reads a client's JWT (RFC 7521, section 4.2). Whose it is stands in it; a
// client_id beside it must say the same.
func assertionOf(form url.Values) (credentials, error) {
	text := form.Get("client_assertion")
	if form.Get("client_assertion_type") != assertion.Type {
		return credentials{}, wrongClient("the client_assertion_type is not jwt-bearer")
	}
	id, err := assertion.Subject(text)
	if err != nil {
		return credentials{}, wrongClient(err.Error())
	}
	if form.Has("client_id") && form.Get("client_id") != id || id == "" {
		return credentials{}, wrongClient("client_id is not the client that the assertion is of")
	}
	return credentials{method: client.AuthPrivateKey, id: id, assertion: text}, nil
}

// basic reads RFC 7617 credentials, each part of which is form-encoded (RFC 6749,
// section 2.3.1).
func basic(r *http.Request) (id, secret string, err error) {
	rawID, rawSecret, ok := r.BasicAuth()
	if !ok {
		return "", "", wrongClient("the Authorization header is not Basic")
	}
	id, err1 := url.QueryUnescape(rawID)
	secret, err2 := url.QueryUnescape(rawSecret)
	if err1 != nil || err2 != nil || strings.ContainsRune(id, 0) {
		return "", "", wrongClient("the Basic credentials are not form-encoded")
	}
	return id, secret, nil
}
