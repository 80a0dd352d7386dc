package oidc

import (
	"context"
	"net/http"
	"net/url"

	"github.com/nod-idp/nod/idp"
	"github.com/nod-idp/nod/idp/client"
	"github.com/nod-idp/nod/idp/token"
	"github.com/nod-idp/nod/internal/audit"
)

// waiting is a grant whose client polls until its person has answered elsewhere. The
// toolkit knows one of them and not the other, so both are answered here.
type waiting struct {
	parameter string // what the client presents
	redeem    func(ctx context.Context, c client.Client, presented string, asked token.Asked) (token.Issued, error)
}

func (s *Surface) waiting(form url.Values) (waiting, bool) {
	switch client.Grant(form.Get("grant_type")) {
	case client.DeviceCode:
		return waiting{"device_code", s.Pairings.Redeem}, true
	case client.CIBA:
		return waiting{"auth_req_id", s.Inquiries.Redeem}, true
	}
	return waiting{}, false
}

// poll answers one request of such a client.
func (s *Surface) poll(w http.ResponseWriter, r *http.Request, ex *exchange, form url.Values, grant waiting) error {
	presented := form.Get(grant.parameter)
	if presented == "" {
		return problemOf(fail(idp.InvalidRequest, grant.parameter+" is missing", nil))
	}
	issued, err := grant.redeem(audit.As(r.Context(), "client:"+ex.client.ID), ex.client, presented, ex.asked)
	keepOrigin(w, r, ex.client)
	if err != nil {
		return problemOf(err)
	}
	return sendJSON(w, answerOf(issued))
}
