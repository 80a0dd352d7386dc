package pushtest

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/go-jose/go-jose/v4"
)

// authorize checks the token of a sender (RFC 8292, sections 2 to 4). key is the one
// the subscription is restricted to, in base64url. It returns 0 if all is well.
func (s *Service) authorize(headers []string, key string) (status int, reason string) {
	if len(headers) != 1 {
		return http.StatusUnauthorized, "there is not one Authorization header"
	}
	parameters, ok := strings.CutPrefix(headers[0], "vapid ")
	if !ok {
		return http.StatusUnauthorized, "the scheme is not vapid (RFC 8292, section 3)"
	}
	var token, presented string
	for _, p := range strings.Split(parameters, ",") {
		name, value, _ := strings.Cut(strings.TrimSpace(p), "=")
		switch name {
		case "t":
			token = value
		case "k":
			presented = value
		}
	}
	claims, err := Verify(token, presented)
	if err != nil {
		return http.StatusForbidden, "the token does not verify: " + err.Error()
	}
	now := s.now()
	expires := time.Unix(claims.Expires, 0)
	switch {
	case presented != key:
		return http.StatusForbidden, "the key is not the one that was subscribed with (RFC 8292, section 4.2)"
	case claims.Audience != s.Origin():
		return http.StatusForbidden, "the audience is not this service (section 2)"
	case !expires.After(now) || expires.After(now.Add(longest)):
		return http.StatusForbidden, "the token is not good for the next 24 hours at most (section 2)"
	case !contactable(claims.Subject):
		return http.StatusForbidden, "the subject is neither mailto: nor https: (section 2.1)"
	}
	return 0, ""
}

func contactable(subject string) bool {
	u, err := url.Parse(subject)
	return err == nil && (u.Scheme == "mailto" && strings.Count(u.Opaque, "@") == 1 || u.Scheme == "https" && u.Host != "")
}

// Claims are those of a token.
type Claims struct {
	Audience string `json:"aud"`
	Expires  int64  `json:"exp"`
	Subject  string `json:"sub"`
}

// Verify checks the signature of a token under the key that came with it, an
// uncompressed point in base64url, and returns what it says.
func Verify(token, key string) (c Claims, err error) {
	raw, err := base64.RawURLEncoding.Strict().DecodeString(key)
	if err != nil {
		return c, err
	}
	public, err := ecdsa.ParseUncompressedPublicKey(elliptic.P256(), raw)
	if err != nil {
		return c, err
	}
	signed, err := jose.ParseSignedCompact(token, []jose.SignatureAlgorithm{jose.ES256})
	if err != nil {
		return c, err
	}
	payload, err := signed.Verify(public)
	if err != nil {
		return c, err
	}
	return c, json.Unmarshal(payload, &c)
}
