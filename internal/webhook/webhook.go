// Package webhook tells other systems what happened, by a POST that they can trust. It
// owns the form of such a request and its signature, as the Standard Webhooks convention
// has them (https://www.standardwebhooks.com). What is told, and that it is told again
// until it arrived, is left to others.
package webhook

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/nod-idp/nod/internal/outbound"
	"github.com/nod-idp/nod/internal/secret"
)

// Secret is what a signature is made with. Neither fmt nor a logger nor an encoder prints it.
type Secret []byte

// Format hides the secret from every verb.
func (s Secret) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, secret.Masked) }

// LogValue hides the secret from slog.
func (s Secret) LogValue() slog.Value { return slog.StringValue(secret.Masked) }

// MarshalText hides the secret from encoders.
func (s Secret) MarshalText() ([]byte, error) { return []byte(secret.Masked), nil }

// SecretRule says how a secret is written.
const SecretRule = "whsec_ and 24 to 64 random bytes in base64, in one line"

var errSecret = errors.New("a webhook secret is " + SecretRule)

// ParseSecret reads a secret as it stands in a file.
func ParseSecret(text string) (Secret, error) {
	rest, found := strings.CutPrefix(strings.TrimSpace(text), "whsec_")
	key, err := base64.StdEncoding.DecodeString(rest)
	if !found || err != nil || len(key) < 24 || len(key) > 64 {
		return nil, errSecret
	}
	return key, nil
}

// Sign is the signature of a body that was sent at a moment: version 1, HMAC-SHA256.
func (s Secret) Sign(id string, at time.Time, body []byte) string {
	mac := hmac.New(sha256.New, s)
	fmt.Fprintf(mac, "%s.%d.", id, at.Unix())
	mac.Write(body)
	return "v1," + base64.StdEncoding.EncodeToString(mac.Sum(nil))
}

// CheckURL returns an error unless events can be sent to an address. Which hosts may be
// reached is judged when the connection is made.
func CheckURL(address string) error {
	u, err := url.Parse(address)
	if err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Hostname() == "" || u.User != nil || u.Fragment != "" ||
		u.Scheme == "http" && !outbound.Loopback(u.Hostname()) {
		return errors.New("a webhook is an https URL without user and fragment; http only on this machine")
	}
	return nil
}

// ErrGone is returned by Post when the receiver wants no more of it, ever.
var ErrGone = errors.New("the receiver answered 410: it wants no more")

// Poster sends events.
type Poster struct {
	Client *outbound.Client
	Secret Secret
	Now    func() time.Time // nil means time.Now
}

// Post makes one attempt. id is the same in every attempt at one event; the receiver
// tells a repetition by it.
func (p *Poster) Post(ctx context.Context, id, address string, body []byte) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, address, bytes.NewReader(body))
	if err != nil {
		return errors.New("post an event: the address cannot be read") // it may hold a secret
	}
	at := time.Now()
	if p.Now != nil {
		at = p.Now()
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("User-Agent", "nod")
	req.Header.Set("webhook-id", id)
	req.Header.Set("webhook-timestamp", strconv.FormatInt(at.Unix(), 10))
	req.Header.Set("webhook-signature", p.Secret.Sign(id, at, body))
	err = p.Client.Tell(req, at)
	var answer *outbound.AnswerError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &answer) && answer.Status == http.StatusGone:
		return ErrGone
	}
	return fmt.Errorf("post an event: %w", err)
}
