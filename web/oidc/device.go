package oidc

import (
	"net/http"
	"net/url"

	"github.com/nod-idp/nod/idp"
	"github.com/nod-idp/nod/idp/client"
	"github.com/nod-idp/nod/internal/audit"
	"github.com/nod-idp/nod/web/guard"
)

// deviceAnswer is RFC 8628, section 3.2.
type deviceAnswer struct {
	DeviceCode  string `json:"device_code"`
	UserCode    string `json:"user_code"`
	Verify      string `json:"verification_uri"`
	VerifyWhole string `json:"verification_uri_complete"`
	ExpiresIn   int64  `json:"expires_in"` // s
	Interval    int64  `json:"interval"`   // s
}

// deviceAuthorization begins a pairing (RFC 8628, section 3.1).
func (s *Surface) deviceAuthorization(w http.ResponseWriter, r *http.Request) error {
	c, form, err := s.asking(r, func(c client.Client, form url.Values) error {
		if !c.AllowsGrant(string(client.DeviceCode)) {
			return fail(idp.UnauthorizedClient, "the client is not registered for the device_code grant", nil)
		}
		return nil
	})
	if err != nil {
		return problemOf(err)
	}
	var req idp.AuthRequest
	if failure := takeScope(&req, form, c); failure != nil {
		return problemOf(failure)
	}
	var ip string
	if from := guard.ClientIP(r.Context()); from.IsValid() {
		ip = from.String()
	}
	begun, err := s.Pairings.Begin(audit.As(r.Context(), "client:"+c.ID), c, req.Scopes, ip)
	if err != nil {
		return problemOf(err)
	}
	return sendJSON(w, deviceAnswer{
		DeviceCode: begun.DeviceCode, UserCode: begun.UserCode, Verify: s.PairURL,
		VerifyWhole: s.PairURL + "?user_code=" + begun.UserCode,
		ExpiresIn:   int64(begun.ExpiresIn.Seconds()), Interval: int64(begun.Interval.Seconds()),
	})
}
