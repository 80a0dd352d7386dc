package oidc

import (
	"errors"
	"net/http"
	"net/url"
	"strings"
	"unicode/utf8"

	"github.com/nod-idp/nod/idp"
	"github.com/nod-idp/nod/idp/client"
	"github.com/nod-idp/nod/idp/pushed"
	"github.com/nod-idp/nod/web/guard"
)

// maxQuery bounds the parameters of a request that is repeated in an address.
const maxQuery = 16 << 10

// maxUserAgent is how much of that header is kept.
const maxUserAgent = 300

// authorize takes an authorization request (OpenID Connect Core 1.0, section 3.1.2).
// Client and redirect URI are looked at before anything else: until both are known to
// belong together, whatever is wrong is told to the person on a page, since a redirect
// would make this server forward to wherever a stranger likes (RFC 6749, section
// 4.1.2.1). From then on the client is told.
func (s *Surface) authorize(w http.ResponseWriter, r *http.Request) error {
	values, err := parametersOf(r)
	if err != nil {
		return err
	}
	c, err := s.clientOf(r, values)
	if err != nil {
		return err
	}
	if reference := values.Get("request_uri"); pushed.Refers(reference) {
		return s.authorizePushed(w, r, c, values, reference)
	}
	values, failure := s.unwrap(r.Context(), c, values)
	if err := returnAddress(c, values); err != nil {
		return err
	}
	if failure == nil && c.RequiresPushedRequests() {
		failure = fail(idp.InvalidRequest, "the client's requests must be pushed", nil)
	}
	if s.withoutCookies(r, values) {
		http.Redirect(w, r, authorizePath+"?"+values.Encode(), http.StatusSeeOther)
		return nil
	}
	if failure != nil {
		req, _ := shell(values, c)
		return s.respond(w, r, idp.Response{Request: req, Err: failure}, c)
	}
	_, err = s.begin(w, r, c, values, false)
	return err
}

// begin reads a request whose client and redirect URI belong together, and begins the
// login, kept says whether in the database already. It returns the login's reference, ""
// when the client was answered at once.
func (s *Surface) begin(w http.ResponseWriter, r *http.Request, c client.Client, values url.Values, kept bool) (string, error) {
	req, failure := s.read(r.Context(), values, c)
	if failure != nil {
		return "", s.respond(w, r, idp.Response{Request: req, Err: failure}, c)
	}
	req.Kept = kept
	b := s.Jar.Browser(r)
	b.UserAgent = shortened(b.UserAgent)
	begun, err := s.Logins.Begin(r.Context(), req, b)
	if err != nil {
		return "", err
	}
	if begun.Response != nil {
		return "", s.respond(w, r, *begun.Response, c)
	}
	s.Jar.BindLogin(w, begun.LoginToken)
	http.Redirect(w, r, "/login/"+begun.Login, http.StatusSeeOther)
	return begun.Login, nil
}

// parametersOf reads the parameters from the address or, by POST, from the body, and
// treats both alike. It returns duplicates too: whom they are told to is decided later.
func parametersOf(r *http.Request) (url.Values, error) {
	if r.Method != http.MethodPost {
		if len(r.URL.RawQuery) > maxQuery {
			return nil, guard.Problem{Status: http.StatusRequestURITooLong, Side: guard.SideApplication}
		}
		values, err := guard.Query(r)
		if values == nil {
			return nil, err
		}
		return values, nil
	}
	values, err := guard.PostForm(r)
	if values == nil {
		return nil, err
	}
	return values, nil
}

// clientOf returns the client that a request names, or a problem to be shown.
func (s *Surface) clientOf(r *http.Request, values url.Values) (client.Client, error) {
	ids := values["client_id"]
	if len(ids) != 1 {
		return client.Client{}, unreturnable("The application did not say which one it is.", nil)
	}
	c, err := s.Clients.Get(r.Context(), ids[0])
	if errors.Is(err, client.ErrNotFound) {
		return client.Client{}, unreturnable("The application that sent you here is not registered with this server.", err)
	}
	return c, err
}

// returnAddress returns a problem to be shown unless the redirect URI is the client's.
func returnAddress(c client.Client, values url.Values) error {
	if redirects := values["redirect_uri"]; len(redirects) != 1 || !c.AllowsRedirect(redirects[0]) {
		return unreturnable("The application wants to be answered at an address that is not registered for it.",
			errors.New("redirect_uri is missing, repeated or not registered for client "+c.ID))
	}
	return nil
}

func unreturnable(public string, err error) error {
	return guard.Problem{
		Status: http.StatusBadRequest, Code: idp.InvalidRequest, Side: guard.SideApplication, Public: public, Err: err,
	}
}

// withoutCookies reports whether the browser held its cookies back because another
// site sent the form (SameSite=Lax). A GET of the same parameters, which the browser
// makes by itself after 303, brings them, and with them the session.
func (s *Surface) withoutCookies(r *http.Request, values url.Values) bool {
	return r.Method == http.MethodPost && r.Header.Get("Sec-Fetch-Site") == "cross-site" &&
		len(r.Cookies()) == 0 && len(values.Encode()) <= maxQuery
}

// respond answers the client at its redirect URI.
func (s *Surface) respond(w http.ResponseWriter, r *http.Request, response idp.Response, c client.Client) error {
	response, err := response.Signed(r.Context(), s.Tokens, c)
	if err != nil {
		return err
	}
	if response.Request.ResponseMode == "form_post" {
		return s.postForm(w, response, c)
	}
	http.Redirect(w, r, response.URL(s.Issuer), http.StatusSeeOther)
	return nil
}

// shortened cuts a header that is stored to a length and to valid text, which
// PostgreSQL insists on.
func shortened(header string) string {
	header = strings.ToValidUTF8(header, "")
	for len(header) > maxUserAgent || !utf8.ValidString(header) {
		header = header[:min(len(header), maxUserAgent+1)-1]
	}
	return header
}
