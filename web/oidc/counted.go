package oidc

import (
	"errors"
	"net/http"

	"github.com/nod-idp/nod/idp"
	"github.com/nod-idp/nod/web/guard"
)

// countedToken answers the token endpoint and tells whoever counts what was asked for and
// what came of it.
func (s *Surface) countedToken(w http.ResponseWriter, r *http.Request) error {
	err := s.tokenFront(w, r)
	if s.Counted != nil {
		s.Counted(grantAsked(r), resultOf(err))
	}
	return err
}

// grantAsked is the grant of a request for tokens, "other" if there is none of this name:
// what strangers write is no name for a figure.
func grantAsked(r *http.Request) string {
	asked := r.PostForm.Get("grant_type")
	for _, known := range grantTypes {
		if asked == string(known) {
			return asked
		}
	}
	return "other"
}

// resultOf is "ok", or the code that a request was refused with.
func resultOf(err error) string {
	var p guard.Problem
	var refused *idp.OAuthError
	switch {
	case err == nil:
		return "ok"
	case errors.As(err, &p) && p.Code != "":
		return p.Code
	case errors.As(err, &refused):
		return refused.Code
	}
	return "server_error"
}
