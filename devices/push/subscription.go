package push

import (
	"bytes"
	"crypto/ecdh"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"strings"
)

// Subscription says where and how one installation is woken.
type Subscription struct {
	Endpoint string // a secret: whoever has it can use up the person's quota
	P256DH   []byte // the installation's public key, 65 bytes (RFC 8291, section 3.1)
	Auth     []byte // its authentication secret, 16 bytes (RFC 8291, section 3.2)
}

// Limits of a subscription's parts.
const (
	maxEndpoint     = 2048
	maxSubscription = 4096
	publicKeyBytes  = 65
	authBytes       = 16
)

// ErrBadSubscription is what every refusal of a subscription is.
var ErrBadSubscription = errors.New("not a usable push subscription")

func bad(what string) error { return fmt.Errorf("%w: %s", ErrBadSubscription, what) }

// subscriptionJSON is PushSubscriptionJSON of the W3C Push API, section 8.
type subscriptionJSON struct {
	Endpoint string `json:"endpoint"`
	Keys     struct {
		P256DH string `json:"p256dh"`
		Auth   string `json:"auth"`
	} `json:"keys"`
}

// ParseSubscription reads what a browser's PushSubscription.toJSON() makes. Whether
// the endpoint is one that nod sends to is left to Hosts.
func ParseSubscription(text []byte) (Subscription, error) {
	if len(text) > maxSubscription {
		return Subscription{}, bad("it is too long")
	}
	var in subscriptionJSON
	if err := json.Unmarshal(text, &in); err != nil {
		return Subscription{}, bad("it is not the JSON of one")
	}
	return NewSubscription(in.Endpoint, in.Keys.P256DH, in.Keys.Auth)
}

// NewSubscription makes a subscription of its parts, the keys in base64url.
func NewSubscription(endpoint, p256dh, auth string) (s Subscription, err error) {
	s.Endpoint = endpoint
	if s.P256DH, err = unbase64(p256dh); err != nil {
		return Subscription{}, bad("p256dh is not base64url")
	}
	if s.Auth, err = unbase64(auth); err != nil {
		return Subscription{}, bad("auth is not base64url")
	}
	if _, err := s.check(); err != nil {
		return Subscription{}, err
	}
	return s, nil
}

// check looks at everything but the host, and returns the endpoint taken apart.
func (s Subscription) check() (*url.URL, error) {
	if len(s.Auth) != authBytes {
		return nil, bad("auth is not 16 bytes")
	}
	if _, err := s.key(); err != nil {
		return nil, err
	}
	return parseEndpoint(s.Endpoint)
}

// key is the installation's public key. It is a point of the curve, since a point of
// another one would tell about the private key it is multiplied with.
func (s Subscription) key() (*ecdh.PublicKey, error) {
	if len(s.P256DH) != publicKeyBytes {
		return nil, bad("p256dh is not 65 bytes")
	}
	key, err := ecdh.P256().NewPublicKey(s.P256DH)
	if err != nil {
		return nil, bad("p256dh is not a point of P-256")
	}
	return key, nil
}

func parseEndpoint(endpoint string) (*url.URL, error) {
	if len(endpoint) > maxEndpoint {
		return nil, bad("the endpoint is too long")
	}
	if strings.ContainsFunc(endpoint, func(r rune) bool { return r <= ' ' || r >= 0x7f || strings.ContainsRune(`"<>\^{|}`+"`", r) }) {
		return nil, bad("the endpoint is not a URL")
	}
	u, err := url.Parse(endpoint)
	switch {
	case err != nil, u.Host == "", u.Opaque != "":
		return nil, bad("the endpoint is not a URL")
	case !strings.HasPrefix(endpoint, "https://") && !strings.HasPrefix(endpoint, "http://"):
		return nil, bad("the endpoint is not https")
	case u.User != nil:
		return nil, bad("the endpoint names a user")
	case u.Fragment != "", strings.Contains(endpoint, "#"):
		return nil, bad("the endpoint has a fragment")
	case !strings.HasPrefix(u.Path, "/"):
		return nil, bad("the endpoint has no path")
	}
	return u, nil
}

// Same reports whether both are the same subscription.
func (s Subscription) Same(other Subscription) bool {
	return s.Endpoint == other.Endpoint && bytes.Equal(s.P256DH, other.P256DH) && bytes.Equal(s.Auth, other.Auth)
}

// encode makes what ParseSubscription reads.
func (s Subscription) encode() []byte {
	var out subscriptionJSON
	out.Endpoint = s.Endpoint
	out.Keys.P256DH, out.Keys.Auth = base64url(s.P256DH), base64url(s.Auth)
	text, err := json.Marshal(out)
	if err != nil {
		panic("push: " + err.Error()) // three strings
	}
	return text
}

// Format keeps the endpoint and the keys out of whatever is printed.
func (s Subscription) Format(f fmt.State, _ rune) { fmt.Fprint(f, "***") }

// LogValue keeps them out of the log.
func (s Subscription) LogValue() slog.Value { return slog.StringValue("***") }

func base64url(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }

// unbase64 takes padding too, which some libraries add.
func unbase64(s string) ([]byte, error) {
	return base64.RawURLEncoding.Strict().DecodeString(strings.TrimRight(s, "="))
}
