package oidc

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/nod-idp/nod/idp"
	"github.com/nod-idp/nod/idp/client"
	"github.com/nod-idp/nod/internal/jws"
)

// The times of a request object: how far ahead a clock may be, and how long a request may
// be good for.
const (
	objectSkew = 10 * time.Second
	objectLife = 60 * time.Minute
)

// unwrap returns the parameters as they count once a request object, by value or by
// reference, was read (RFC 9101). What it holds goes before what the address says; a
// client that is held to signed requests is taken at nothing but its signature. Beside a
// failure it returns the parameters as they were.
func (s *Surface) unwrap(ctx context.Context, c client.Client, values url.Values) (url.Values, *idp.OAuthError) {
	object, requestURI := values.Get("request"), values.Get("request_uri")
	switch {
	case len(values["request"]) > 1 || len(values["request_uri"]) > 1:
		return values, fail(idp.InvalidRequest, "a parameter was sent more than once", nil)
	case object != "" && requestURI != "":
		return values, fail(idp.InvalidRequest, "request and request_uri exclude each other", nil)
	case object == "" && requestURI == "":
		if c.SignedRequests {
			return values, fail(idp.InvalidRequest, "the client's requests must be signed", nil)
		}
		return values, nil
	case requestURI != "":
		var failure *idp.OAuthError
		if object, failure = s.fetchObject(ctx, c, requestURI); failure != nil {
			return values, failure
		}
	}
	inside, failure := s.readObject(ctx, c, object)
	if failure != nil {
		return values, failure
	}
	for _, name := range []string{"client_id", "response_type"} { // OpenID Connect Core 1.0, section 6.1
		if inside.Has(name) && values.Has(name) && inside.Get(name) != values.Get(name) {
			return values, fail(idp.InvalidRequestObject, "the request object contradicts "+name, nil)
		}
	}
	merged := url.Values{"client_id": {c.ID}}
	if !c.SignedRequests && c.FAPI == client.NoFAPI {
		for name, all := range values {
			if name != "request" && name != "request_uri" {
				merged[name] = all
			}
		}
	}
	for name, all := range inside {
		merged[name] = all
	}
	return merged, nil
}

// readObject verifies a request object and returns the parameters in it.
func (s *Surface) readObject(ctx context.Context, c client.Client, text string) (url.Values, *idp.OAuthError) {
	if unsigned(text) {
		return nil, fail(idp.RequestNotSupported, "a request object must be signed", nil)
	}
	algorithms := jws.Algorithms()
	if c.FAPI != client.NoFAPI {
		algorithms = jws.StrictAlgorithms()
	}
	object, err := jws.Parse(text, algorithms)
	if err != nil {
		return nil, fail(idp.InvalidRequestObject, "the request object cannot be read", err)
	}
	// Other types are other tokens of the client's, such as its assertions (RFC 9101, section 10.8.1).
	if !slices.Contains([]string{"", "jwt", "oauth-authz-req+jwt"}, object.Type) {
		return nil, fail(idp.InvalidRequestObject, "the request object is another kind of token", nil)
	}
	payload, err := s.ClientKeys.Verify(ctx, c, object)
	if err != nil {
		return nil, fail(idp.InvalidRequestObject, "the request object is not signed by a key of the client", err)
	}
	members, err := jws.Object(payload)
	if err != nil {
		return nil, fail(idp.InvalidRequestObject, "the request object holds no parameters", err)
	}
	if err := s.checkObject(c, members, s.now()); err != nil {
		return nil, fail(idp.InvalidRequestObject, "the request object is not good here or now", err)
	}
	inside, err := parametersIn(members)
	if err != nil {
		return nil, fail(idp.InvalidRequestObject, "the request object holds a parameter that cannot be read", err)
	}
	return inside, nil
}

// unsigned reports whether the header says that nobody signed (RFC 7519, section 6).
func unsigned(text string) bool {
	head, _, _ := strings.Cut(text, ".")
	raw, err := base64.RawURLEncoding.DecodeString(head)
	var header struct {
		Algorithm string `json:"alg"`
	}
	return err == nil && json.Unmarshal(raw, &header) == nil && strings.EqualFold(header.Algorithm, "none")
}

// checkObject looks at whose the object is, for whom, and for how long (RFC 9101, section
// 6.3, and RFC 7519, section 4.1).
func (s *Surface) checkObject(c client.Client, members map[string]json.RawMessage, now time.Time) error {
	var issuer string
	var audience audience
	var exp, nbf *float64
	// Each by its very name: encoding/json would take EXP for exp.
	for name, to := range map[string]any{"iss": &issuer, "aud": &audience, "exp": &exp, "nbf": &nbf} {
		if raw, there := members[name]; there {
			if err := json.Unmarshal(raw, to); err != nil {
				return fmt.Errorf("%s cannot be read: %w", name, err)
			}
		}
	}
	for _, name := range []string{"request", "request_uri"} {
		if _, nested := members[name]; nested { // RFC 9101, section 4
			return errors.New("it holds another one")
		}
	}
	// An object about its own client could pass as a client assertion (RFC 9101, section 10.8.1).
	if _, about := members["sub"]; about {
		return errors.New("it holds sub")
	}
	switch {
	case issuer != c.ID:
		return errors.New("iss is not the client")
	case !slices.Contains(audience, s.Issuer):
		return errors.New("aud is not this issuer")
	case exp == nil:
		return errors.New("exp is missing")
	}
	expires, begins := at(*exp), now
	if nbf != nil {
		begins = at(*nbf)
	}
	switch {
	case !now.Before(expires):
		return errors.New("it has expired")
	case expires.Sub(now) > objectLife+objectSkew:
		return errors.New("exp is too far ahead")
	case begins.Sub(now) > objectSkew:
		return errors.New("it is not good yet")
	case now.Sub(begins) > objectLife:
		return errors.New("nbf is too long ago")
	}
	return nil
}

func (s *Surface) now() time.Time {
	if s.Now == nil {
		return time.Now()
	}
	return s.Now()
}

// at reads a NumericDate (RFC 7519, section 2), within what a time can hold.
func at(seconds float64) time.Time {
	const far = 1 << 40
	return time.Unix(int64(min(max(seconds, -far), far)), 0)
}

// audience is one name or a list of them.
type audience []string

func (a *audience) UnmarshalJSON(text []byte) error {
	var one string
	if json.Unmarshal(text, &one) == nil {
		*a = audience{one}
		return nil
	}
	return json.Unmarshal(text, (*[]string)(a))
}

// about are members that say something of the object and not of the request.
var about = []string{"iss", "aud", "exp", "nbf", "iat", "jti"}

// parametersIn writes the members as parameters: text as it is, numbers and objects as
// JSON, lists of texts as several.
func parametersIn(members map[string]json.RawMessage) (url.Values, error) {
	inside := url.Values{}
	for name, raw := range members {
		if slices.Contains(about, name) {
			continue
		}
		var text string
		var list []string
		switch first := raw[0]; {
		case first == '"':
			if err := json.Unmarshal(raw, &text); err != nil {
				return nil, err
			}
			list = []string{text}
		case first == '[':
			if err := json.Unmarshal(raw, &list); err != nil {
				return nil, err
			}
		case first == '{':
			var compact bytes.Buffer
			if err := json.Compact(&compact, raw); err != nil {
				return nil, err
			}
			list = []string{compact.String()}
		case first == '-' || first >= '0' && first <= '9':
			list = []string{string(raw)}
		default:
			return nil, fmt.Errorf("%.40q is neither text, number, list nor object", name)
		}
		if len(list) > 0 {
			inside[name] = list
		}
	}
	return inside, nil
}
