package idp

import (
	"slices"
	"strings"

	"github.com/nod-idp/nod/idp/claims"
)

// AuthRequest is an authorization request whose client and redirect URI have been
// checked (OpenID Connect Core 1.0, section 3.1.2.1).
type AuthRequest struct {
	ClientID     string   `json:"client_id"`
	RedirectURI  string   `json:"redirect_uri"`
	ResponseType string   `json:"response_type"`
	ResponseMode string   `json:"response_mode"` // as it is carried out: query, fragment or form_post, never empty
	JWT          bool     `json:"jwt,omitempty"` // whether the answer is a signed JWT
	Scopes       []string `json:"scopes"`
	State        string   `json:"state,omitempty"`
	Nonce        string   `json:"nonce,omitempty"`
	Prompt       []string `json:"prompt,omitempty"`
	MaxAge       *int64   `json:"max_age,omitempty"` // s
	ACRValues    []string `json:"acr_values,omitempty"`
	LoginHint    string   `json:"login_hint,omitempty"`
	UILocales    []string `json:"ui_locales,omitempty"`
	// Claims are the single claims asked for.
	Claims claims.Asked `json:"claims,omitzero"`
	// HintSubject is the sub of a valid id_token_hint, or the one that the parameter claims
	// demands: only that person will do.
	HintSubject string `json:"hint_subject,omitempty"`
	// CodeChallenge is the S256 challenge (RFC 7636), "" if the client sent none.
	CodeChallenge string `json:"code_challenge,omitempty"`
	// DPoPThumbprint is of the key that alone may redeem the code (RFC 9449, section 10).
	DPoPThumbprint string `json:"dpop_jkt,omitempty"`
	// Resources are where the tokens may be used (RFC 8707).
	Resources []string `json:"resources,omitempty"`
	// Account is where a login to the person's own pages leads back to.
	Account AccountPage `json:"account,omitzero"`
	// Foreign is set where another issuer proved the first factor and gets the answer.
	Foreign *Foreign `json:"foreign,omitempty"`
	// Kept has the login kept from the beginning: others will know it by its id.
	Kept bool `json:"-"`
}

// Prompts reports whether the request holds this value of prompt.
func (r AuthRequest) Prompts(value string) bool { return slices.Contains(r.Prompt, value) }

// Asks reports whether the request holds this scope.
func (r AuthRequest) Asks(scope string) bool { return slices.Contains(r.Scopes, scope) }

// Wants reports whether the answer has to hold a part: code, id_token or token. A request
// for the person's own pages wants none of them.
func (r AuthRequest) Wants(part string) bool {
	return slices.Contains(strings.Fields(r.ResponseType), part)
}

// classes are the authentication context classes that steer what is demanded. Where some
// are essential, the voluntary ones have no say.
func (r AuthRequest) classes() []string {
	if len(r.Claims.ACR) > 0 {
		return r.Claims.ACR
	}
	return r.ACRValues
}
