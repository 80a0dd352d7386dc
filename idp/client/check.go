package client

import (
	"errors"
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// InvalidError tells that a value was refused: which, why, and what is allowed.
type InvalidError struct {
	Field   string // as it is called in a registration, such as "redirect_uris"
	Value   string
	Reason  string // "" where Allowed says it all
	Allowed string
}

// Error names the field, the wrong value and what is allowed.
func (e *InvalidError) Error() string {
	text := fmt.Sprintf("%s: %q is refused", e.Field, e.Value)
	if e.Reason != "" {
		text += " because " + e.Reason
	}
	return text + "; allowed is " + e.Allowed
}

// Most entries of one list.
const maxEntries = 100

// idPattern has only characters that are the same in every encoding: many libraries
// forget to encode the id before they put it into a Basic header.
var idPattern = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._~-]{0,127}$`)

// check reports the first thing in which the client breaks a rule.
func (c Client) check() error {
	if !idPattern.MatchString(c.ID) {
		return &InvalidError{Field: "client_id", Value: c.ID,
			Allowed: "1 to 128 of A-Z, a-z, 0-9, '.', '_', '~' and '-', beginning with a letter or digit"}
	}
	if n := utf8.RuneCountInString(c.Name); n < 1 || n > 128 || !utf8.ValidString(c.Name) || strings.TrimSpace(c.Name) != c.Name ||
		strings.ContainsFunc(c.Name, func(r rune) bool { return !unicode.IsPrint(r) }) {
		return &InvalidError{Field: "name", Value: c.Name, Allowed: "1 to 128 printable characters without white space at the ends"}
	}
	for _, err := range []error{
		oneOf("token_endpoint_auth_method", c.AuthMethod, authMethods),
		oneOf("pkce", c.PKCE, pkces),
		oneOf("second_factor", c.SecondFactor, secondFactors),
		oneOf("id_token_alg", c.IDTokenAlg, idTokenAlgs),
		oneOf("access_tokens", c.AccessTokens, accessTokens),
		oneOf("ciba", c.CIBA, cibaWays),
		c.checkGrants(),
		c.checkResponseTypes(),
		c.checkResponseModes(),
		c.checkPublic(),
		c.checkURIs(),
		c.checkKeys(),
		c.checkCIBA(),
		c.checkFAPI(),
	} {
		if err != nil {
			return err
		}
	}
	return nil
}

func (c Client) checkGrants() error {
	if len(c.Grants) == 0 {
		return &InvalidError{Field: "grants", Allowed: "at least one of " + list(grants)}
	}
	for _, g := range c.Grants {
		if err := oneOf("grants", g, grants); err != nil {
			return err
		}
	}
	if c.AllowsGrant(string(RefreshToken)) && !c.mayRefresh() {
		return &InvalidError{Field: "grants", Value: list(c.Grants), Reason: "nothing else would give a refresh token",
			Allowed: "refresh_token together with authorization_code, device_code or ciba"}
	}
	return nil
}

// mayRefresh reports whether a grant of the client's leads to a refresh token.
func (c Client) mayRefresh() bool {
	return c.AllowsGrant(string(AuthorizationCode)) || c.AllowsGrant(string(DeviceCode)) || c.AllowsGrant(string(CIBA))
}

func (c Client) checkResponseTypes() error {
	for i, t := range c.ResponseTypes {
		if err := oneOf("response_types", t, responseTypes); err != nil {
			return err
		}
		if slices.Contains(c.ResponseTypes[:i], t) {
			return &InvalidError{Field: "response_types", Value: string(t), Reason: "it is there twice", Allowed: "each once"}
		}
	}
	return nil
}

// checkResponseModes wants each once, and one for what must not travel in a query (OAuth
// 2.0 Multiple Response Type Encoding Practices, section 5).
func (c Client) checkResponseModes() error {
	hidden := len(c.ResponseModes) == 0
	for i, m := range c.ResponseModes {
		if err := oneOf("response_modes", m, responseModes); err != nil {
			return err
		}
		if slices.Contains(c.ResponseModes[:i], m) {
			return &InvalidError{Field: "response_modes", Value: string(m), Reason: "it is there twice", Allowed: "each once"}
		}
		hidden = hidden || m != Query && m != QueryJWT
	}
	if !hidden && (c.answersWith("id_token") || c.answersWith("token")) {
		return &InvalidError{Field: "response_modes", Value: list(c.ResponseModes), Reason: "tokens never travel in a query",
			Allowed: "fragment or form_post among them, or no list at all"}
	}
	return nil
}

// checkPublic holds a public client to what somebody who has no secret may do.
func (c Client) checkPublic() error {
	if !c.Public() {
		return nil
	}
	refused := func(field, value, allowed string) error {
		return &InvalidError{Field: field, Value: value, Reason: "the client is public", Allowed: allowed}
	}
	switch {
	case c.PKCE != PKCERequired:
		return refused("pkce", string(c.PKCE), "required")
	case c.AllowsGrant(string(ClientCredentials)):
		return refused("grants", string(ClientCredentials), "authorization_code, refresh_token, implicit and device_code")
	case c.AllowsGrant(string(CIBA)):
		return refused("grants", string(CIBA), "authorization_code, refresh_token, implicit and device_code")
	case !c.RefreshRotation:
		return refused("refresh_rotation", "off", "on")
	}
	return nil
}

func (c Client) checkURIs() error {
	if len(c.ResponseTypes) > 0 && len(c.RedirectURIs) == 0 {
		return &InvalidError{Field: "redirect_uris", Reason: "an authorization response needs somewhere to go", Allowed: "at least one URI"}
	}
	for _, l := range []struct {
		field   string
		values  []string
		check   func(string) error
		allowed string
	}{
		{"redirect_uris", c.RedirectURIs, c.checkRedirect, uriRule},
		{"post_logout_redirect_uris", c.PostLogoutRedirectURIs, c.checkRedirect, uriRule},
		{"backchannel_logout_uri", given(c.BackchannelLogoutURI), checkWebAddress, webRule},
		{"frontchannel_logout_uri", given(c.FrontchannelLogoutURI), checkWebAddress, webRule},
		{"ciba_notification_uri", given(c.CIBANotificationURI), checkWebAddress, webRule},
		{"jwks_uri", given(c.JWKSURI), checkWebAddress, webRule},
		{"resources", c.Resources, checkResource, "an absolute URI without a fragment"},
		{"origins", c.Origins, checkOrigin, "https://host, or http:// with a loopback host, with a port where it is not the usual one"},
	} {
		if len(l.values) > maxEntries {
			return &InvalidError{Field: l.field, Value: fmt.Sprint(len(l.values), " entries"), Allowed: fmt.Sprint("at most ", maxEntries)}
		}
		for i, v := range l.values {
			if err := l.check(v); err != nil {
				return &InvalidError{Field: l.field, Value: v, Reason: err.Error(), Allowed: l.allowed}
			}
			if slices.Contains(l.values[:i], v) {
				return &InvalidError{Field: l.field, Value: v, Reason: "it is there twice", Allowed: "each once"}
			}
		}
	}
	return nil
}

// given is the list of a value that may be left out.
func given(value string) []string {
	if value == "" {
		return nil
	}
	return []string{value}
}

const webRule = "an absolute https URI, or http with a loopback host"

// checkWebAddress is for addresses that nod itself, or a frame of its pages, goes to.
func checkWebAddress(uri string) error { return checkRedirectURI(uri, false) }

// checkResource is RFC 8707, section 2.
func checkResource(uri string) error {
	if err := checkCharacters(uri); err != nil {
		return err
	}
	if u, err := url.Parse(uri); err != nil || !u.IsAbs() {
		return errors.New("it is not an absolute URI")
	}
	return nil
}

const uriRule = "an absolute https URI, http with a loopback host, or for public clients a scheme such as com.example.app"

func (c Client) checkRedirect(uri string) error { return checkRedirectURI(uri, c.Public()) }

func oneOf[T ~string](field string, value T, allowed []T) error {
	if slices.Contains(allowed, value) {
		return nil
	}
	return &InvalidError{Field: field, Value: string(value), Allowed: list(allowed)}
}

func list[T ~string](values []T) string {
	texts := make([]string, 0, len(values))
	for _, v := range values {
		texts = append(texts, string(v))
	}
	return strings.Join(texts, ", ")
}
