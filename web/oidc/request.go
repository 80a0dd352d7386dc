package oidc

import (
	"context"
	"maps"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/nod-idp/nod/idp"
	"github.com/nod-idp/nod/idp/client"
	"github.com/nod-idp/nod/web/guard"
)

// longest is how many bytes a parameter may have; others may have 2048. State is the
// client's own and often holds whole structures.
var longest = map[string]int{"state": 8192, "id_token_hint": 8192, "claims": 8192, "request": 48 << 10}

// unsupported parameters are refused by name, since ignoring them would let a request
// pass without what its client signed or demanded (OpenID Connect Core 1.0, section 6).
var unsupported = map[string]string{
	"registration": registrationNotSupported,
}

// read makes an authorization request of parameters whose client and redirect URI are
// known to belong together. What it returns beside a failure is enough to answer.
func (s *Surface) read(ctx context.Context, values url.Values, c client.Client) (idp.AuthRequest, *idp.OAuthError) {
	req, modeFault := shell(values, c)
	if failure := wholesome(values); failure != nil {
		return req, failure
	}
	if modeFault != nil {
		return req, modeFault
	}
	for _, take := range []func(*idp.AuthRequest, url.Values, client.Client) *idp.OAuthError{
		takeResponseType, takeUnsupported, takeScope, takeNonce, takePrompt, takeMaxAge, takeChallenge, takeClaims, takeKey, takeResources,
	} {
		if failure := take(&req, values, c); failure != nil {
			return req, failure
		}
	}
	req.LoginHint = values.Get("login_hint")
	// An acr nobody knows is neither refused nor claimed: the ID token tells what was done.
	req.ACRValues = append(req.ACRValues, strings.Fields(values.Get("acr_values"))...)
	req.UILocales = strings.Fields(values.Get("ui_locales"))
	if raw := values.Get("id_token_hint"); raw != "" {
		hint, err := s.hint(ctx, raw)
		if err != nil {
			return req, fail(idp.InvalidRequest, "id_token_hint is not a valid ID token of this issuer", err)
		}
		if req.HintSubject != "" && req.HintSubject != hint.Subject {
			return req, fail(idp.InvalidRequest, "claims and id_token_hint name two people", nil)
		}
		req.HintSubject = hint.Subject
	}
	return req, nil
}

// wholesome looks at every parameter before any is understood.
func wholesome(values url.Values) *idp.OAuthError {
	if guard.Single(values, "resource") != nil { // RFC 8707, section 2, lets resource be repeated
		return fail(idp.InvalidRequest, "a parameter was sent more than once", nil)
	}
	for name, all := range values {
		limit := longest[name]
		if limit == 0 {
			limit = 2048
		}
		for _, value := range all {
			if len(value) > limit {
				return fail(idp.InvalidRequest, "a parameter is too long", nil)
			}
			if !textual(name, value) {
				return fail(idp.InvalidRequest, "a parameter holds characters that are not text", nil)
			}
		}
	}
	return nil
}

func takeUnsupported(_ *idp.AuthRequest, values url.Values, _ client.Client) *idp.OAuthError {
	for _, name := range slices.Sorted(maps.Keys(unsupported)) {
		if values.Has(name) {
			return fail(unsupported[name], "the parameter "+name+" is not supported", nil)
		}
	}
	return nil
}

// scopeForm is RFC 6749, appendix A.4.
var scopeForm = regexp.MustCompile(`^[\x21\x23-\x5B\x5D-\x7E]+( [\x21\x23-\x5B\x5D-\x7E]+)*$`)

// takeScope keeps the scopes that are known. Without openid the request is plain OAuth
// 2.0, and no ID token will be issued.
func takeScope(req *idp.AuthRequest, values url.Values, _ client.Client) *idp.OAuthError {
	given := strings.Trim(values.Get("scope"), " ")
	if given == "" {
		return nil
	}
	if !scopeForm.MatchString(given) {
		return fail(idp.InvalidScope, "scope is not a list of scopes", nil)
	}
	for scope := range strings.SplitSeq(given, " ") {
		if slices.Contains(scopes, scope) && !slices.Contains(req.Scopes, scope) {
			req.Scopes = append(req.Scopes, scope)
		}
	}
	return nil
}

// takeNonce demands what ties an ID token to the browser that asked, where it comes
// through the browser itself (OpenID Connect Core 1.0, sections 3.2.2.1 and 3.3.2.1).
func takeNonce(req *idp.AuthRequest, values url.Values, _ client.Client) *idp.OAuthError {
	req.Nonce = values.Get("nonce")
	switch {
	case !req.Wants("id_token"):
	case !req.Asks("openid"):
		return fail(idp.InvalidRequest, "an ID token needs the scope openid", nil)
	case req.Nonce == "":
		return fail(idp.InvalidRequest, "nonce is required for this response_type", nil)
	}
	return nil
}

func takePrompt(req *idp.AuthRequest, values url.Values, _ client.Client) *idp.OAuthError {
	for _, prompt := range strings.Fields(values.Get("prompt")) {
		if !slices.Contains(prompts, prompt) {
			return fail(idp.InvalidRequest, "this prompt is not supported", nil)
		}
		if !slices.Contains(req.Prompt, prompt) {
			req.Prompt = append(req.Prompt, prompt)
		}
	}
	if req.Prompts("none") && len(req.Prompt) > 1 {
		return fail(idp.InvalidRequest, "prompt none cannot be combined", nil)
	}
	return nil
}

func takeMaxAge(req *idp.AuthRequest, values url.Values, _ client.Client) *idp.OAuthError {
	given := values.Get("max_age")
	if given == "" {
		return nil
	}
	age, err := strconv.ParseUint(given, 10, 31)
	if err != nil {
		return fail(idp.InvalidRequest, "max_age is not a number of seconds", nil)
	}
	seconds := int64(age)
	req.MaxAge = &seconds
	return nil
}

// challengeForm is what S256 makes of any verifier (RFC 7636, section 4.2).
var challengeForm = regexp.MustCompile(`^[A-Za-z0-9_-]{43}$`)

// takeChallenge demands PKCE with S256 of everybody but a confidential client that is
// registered as excused. The default of RFC 7636 for a missing method is plain, which
// protects nobody and is refused.
func takeChallenge(req *idp.AuthRequest, values url.Values, c client.Client) *idp.OAuthError {
	if !req.Wants("code") { // there is nothing to redeem
		return nil
	}
	challenge, method := values.Get("code_challenge"), values.Get("code_challenge_method")
	switch {
	case challenge == "" && method == "":
		if c.Public() || c.PKCE != client.PKCEOptional {
			return fail(idp.InvalidRequest, "code_challenge is required", nil)
		}
	case method != "S256":
		return fail(idp.InvalidRequest, "code_challenge_method must be S256", nil)
	case !challengeForm.MatchString(challenge):
		return fail(idp.InvalidRequest, "code_challenge is not an S256 challenge", nil)
	}
	req.CodeChallenge = challenge
	return nil
}
