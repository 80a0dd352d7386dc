package oidc

import (
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/nod-idp/nod/idp"
	"github.com/nod-idp/nod/idp/ciba"
	"github.com/nod-idp/nod/idp/client"
	"github.com/nod-idp/nod/internal/audit"
	"github.com/nod-idp/nod/web/guard"
)

// backchannelAnswer is OpenID Connect CIBA Core 1.0, section 7.3.
type backchannelAnswer struct {
	AuthReqID string `json:"auth_req_id"`
	ExpiresIn int64  `json:"expires_in"` // s
	Interval  int64  `json:"interval"`   // s
}

// backchannel begins an inquiry (OpenID Connect CIBA Core 1.0, section 7). Whether the
// person exists is not told: unknown_user_id would let any client ask for names.
func (s *Surface) backchannel(w http.ResponseWriter, r *http.Request) error {
	c, form, err := s.asking(r, func(c client.Client, _ url.Values) error {
		if c.CIBA == client.CIBAOff || c.Public() || !c.AllowsGrant(string(client.CIBA)) {
			return fail(idp.UnauthorizedClient, "the client is not registered for CIBA", nil)
		}
		return nil
	})
	if err != nil {
		return problemOf(err)
	}
	ask, err := s.readInquiry(r, c, form)
	if err != nil {
		return problemOf(err)
	}
	begun, err := s.Inquiries.Begin(audit.As(r.Context(), "client:"+c.ID), ask)
	if err != nil {
		return problemOf(err)
	}
	return sendJSON(w, backchannelAnswer{
		AuthReqID: begun.AuthReqID, ExpiresIn: int64(begun.ExpiresIn.Seconds()), Interval: int64(begun.Interval.Seconds()),
	})
}

// readInquiry makes an inquiry of the parameters (section 7.1).
func (s *Surface) readInquiry(r *http.Request, c client.Client, form url.Values) (ciba.Ask, error) {
	ask := ciba.Ask{Client: c, Message: form.Get("binding_message")}
	if from := guard.ClientIP(r.Context()); from.IsValid() {
		ask.IP = from.String()
	}
	if failure := wholesome(form); failure != nil {
		return ask, failure
	}
	for _, name := range []string{"request", "request_uri"} {
		if form.Has(name) {
			return ask, fail(idp.InvalidRequest, "signed authentication requests are not supported here", nil)
		}
	}
	var req idp.AuthRequest
	if failure := takeScope(&req, form, c); failure != nil {
		return ask, failure
	}
	if ask.Scopes = req.Scopes; !req.Asks("openid") {
		return ask, fail(idp.InvalidScope, "scope must hold openid", nil)
	}
	if !ciba.ValidMessage(ask.Message) {
		return ask, fail(invalidBindingMessage, "binding_message is longer than 64 characters, or not plain text", nil)
	}
	if failure := takeExpiry(&ask, form); failure != nil {
		return ask, failure
	}
	if failure := takeNotification(&ask, form); failure != nil {
		return ask, failure
	}
	return ask, s.takePerson(r, &ask, form)
}

// takeExpiry reads requested_expiry, seconds. More than is given to anybody becomes that.
func takeExpiry(ask *ciba.Ask, form url.Values) *idp.OAuthError {
	given := form.Get("requested_expiry")
	if given == "" {
		return nil
	}
	seconds, err := strconv.ParseUint(given, 10, 31)
	if err != nil || seconds == 0 {
		return fail(idp.InvalidRequest, "requested_expiry is not a positive number of seconds", nil)
	}
	ask.Life = time.Duration(seconds) * time.Second
	return nil
}

// takeNotification reads what a client is called back with. One that polls sends none,
// and if it does, it is not used (section 7.1).
func takeNotification(ask *ciba.Ask, form url.Values) *idp.OAuthError {
	if ask.Client.CIBA != client.CIBAPing {
		return nil
	}
	if ask.Notification = form.Get("client_notification_token"); !ciba.ValidNotificationToken(ask.Notification) {
		return fail(idp.InvalidRequest, "client_notification_token is missing, or no bearer token of 22 to 1024 characters", nil)
	}
	return nil
}

// takePerson reads the one hint at who is meant.
func (s *Surface) takePerson(r *http.Request, ask *ciba.Ask, form url.Values) error {
	given := 0
	for _, name := range []string{"login_hint", "id_token_hint", "login_hint_token"} {
		if form.Get(name) != "" {
			given++
		}
	}
	switch {
	case given != 1:
		return fail(idp.InvalidRequest, "exactly one of login_hint and id_token_hint says who is meant", nil)
	case form.Get("login_hint_token") != "":
		return fail(idp.InvalidRequest, "login_hint_token is not supported", nil)
	}
	ask.LoginHint = form.Get("login_hint")
	if ask.LoginHint != "" {
		return nil
	}
	hint, err := s.hint(r.Context(), form.Get("id_token_hint"))
	if err != nil || hint.ClientID != ask.Client.ID {
		return fail(idp.InvalidRequest, "id_token_hint is not a valid ID token that this client was given", err)
	}
	ask.Subject = hint.Subject
	return nil
}
