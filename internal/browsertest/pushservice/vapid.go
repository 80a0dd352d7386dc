package pushservice

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"math/big"
	"net/http"
	"regexp"
	"strings"
	"time"
)

var credentials = regexp.MustCompile(`^vapid t=([A-Za-z0-9_.-]+), ?k=([A-Za-z0-9_-]+)$`)

// vapid checks who sends (RFC 8292) and returns the contact that the sender names.
func vapid(authorization, origin string, senderKey []byte, now time.Time) (subject string, problem *refusal) {
	m := credentials.FindStringSubmatch(authorization)
	if m == nil {
		return "", refused(http.StatusUnauthorized, "Authorization is not a vapid token and key (RFC 8292, section 3)")
	}
	key, err := base64.RawURLEncoding.DecodeString(m[2])
	if err != nil {
		return "", refused(http.StatusUnauthorized, "the vapid key is not base64url: %v", err)
	}
	if senderKey != nil && !bytes.Equal(key, senderKey) {
		return "", refused(http.StatusForbidden, "the subscription was made for another application server key")
	}
	claims, problem := verified(m[1], key)
	if problem != nil {
		return "", problem
	}
	expires := time.Unix(claims.Expires, 0)
	switch {
	case claims.Audience != origin:
		return "", refused(http.StatusForbidden, "the vapid token is for %q, want %q", claims.Audience, origin)
	case !expires.After(now):
		return "", refused(http.StatusForbidden, "the vapid token expired at %v", expires)
	case expires.After(now.Add(24 * time.Hour)):
		return "", refused(http.StatusForbidden, "the vapid token lives longer than a day (RFC 8292, section 2)")
	case !strings.HasPrefix(claims.Subject, "mailto:") && !strings.HasPrefix(claims.Subject, "https:"),
		strings.HasPrefix(claims.Subject, "mailto:mailto:"):
		return "", refused(http.StatusForbidden, "the vapid token's subject is %q, want mailto: or https:", claims.Subject)
	}
	return claims.Subject, nil
}

type vapidClaims struct {
	Audience string `json:"aud"`
	Expires  int64  `json:"exp"`
	Subject  string `json:"sub"`
}

// verified checks the ES256 signature of a token and returns its claims.
func verified(token string, key []byte) (vapidClaims, *refusal) {
	var claims vapidClaims
	public, err := ecdsa.ParseUncompressedPublicKey(elliptic.P256(), key)
	if err != nil {
		return claims, refused(http.StatusUnauthorized, "the vapid key is no P-256 point: %v", err)
	}
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		return claims, refused(http.StatusUnauthorized, "the vapid token has %d parts, want 3", len(parts))
	}
	var decoded [3][]byte
	for i, part := range parts {
		if decoded[i], err = base64.RawURLEncoding.DecodeString(part); err != nil {
			return claims, refused(http.StatusUnauthorized, "the vapid token is not base64url: %v", err)
		}
	}
	var header struct {
		Algorithm string `json:"alg"`
	}
	if err := json.Unmarshal(decoded[0], &header); err != nil || header.Algorithm != "ES256" {
		return claims, refused(http.StatusUnauthorized, "the vapid token's algorithm is %q, want ES256", header.Algorithm)
	}
	digest := sha256.Sum256([]byte(parts[0] + "." + parts[1]))
	signature := decoded[2]
	if len(signature) != 64 || !ecdsa.Verify(public, digest[:],
		new(big.Int).SetBytes(signature[:32]), new(big.Int).SetBytes(signature[32:])) {
		return claims, refused(http.StatusForbidden, "the vapid token's signature is wrong")
	}
	if err := json.Unmarshal(decoded[1], &claims); err != nil {
		return claims, refused(http.StatusUnauthorized, "the vapid token's claims: %v", err)
	}
	return claims, nil
}
