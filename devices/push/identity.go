package push

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"errors"
	"fmt"
	"net/url"
	"time"

	"github.com/nod-idp/nod/internal/audit"
	"github.com/nod-idp/nod/internal/db"
	"github.com/nod-idp/nod/internal/seal"
)

// Identity is who nod is to push services (VAPID, RFC 8292): one P-256 key for an
// installation, made at its first start. A browser binds its subscription to the
// public half, so the key stays.
type Identity struct {
	key    *ecdsa.PrivateKey
	public string
	tokens tokens
}

// IdentityOptions says how nod introduces itself.
type IdentityOptions struct {
	Subject string           // an https: or mailto: address for the operators of push services
	Now     func() time.Time // nil means time.Now
}

// Subject is the address under which push services may complain: the public URL if
// it is https, as Apple and Mozilla demand, and otherwise a mail address there.
func Subject(publicURL string) string {
	u, err := url.Parse(publicURL)
	if err != nil || u.Scheme == "https" {
		return publicURL
	}
	return "mailto:postmaster@" + u.Hostname()
}

// OpenIdentity reads the key, or makes it in a database that has none. Of two nodes
// that start at once both end up with the same.
func OpenIdentity(ctx context.Context, d *db.DB, box *seal.Box, o IdentityOptions) (*Identity, error) {
	if o.Now == nil {
		o.Now = time.Now
	}
	row, err := readKey(ctx, d)
	if errors.Is(err, db.ErrNotFound) {
		if err = createKey(ctx, d, box, o.Now()); err == nil {
			row, err = readKey(ctx, d)
		}
	}
	if err != nil {
		return nil, fmt.Errorf("open the push key: %w", err)
	}
	raw, err := box.Open(keyPlace, row.PrivateKey)
	if err != nil {
		return nil, fmt.Errorf("open the push key: %w", err)
	}
	key, err := ecdsa.ParseRawPrivateKey(elliptic.P256(), raw)
	if err != nil {
		return nil, fmt.Errorf("open the push key: %w", err)
	}
	public, err := key.PublicKey.Bytes()
	if err != nil {
		return nil, fmt.Errorf("open the push key: %w", err)
	}
	return &Identity{key: key, public: base64url(public), tokens: tokens{subject: o.Subject, now: o.Now}}, nil
}

func createKey(ctx context.Context, d *db.DB, box *seal.Box, now time.Time) error {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	private, err := key.Bytes()
	if err != nil {
		return err
	}
	public, err := key.PublicKey.Bytes()
	if err != nil {
		return err
	}
	return d.Write(ctx, func(tx *db.Tx) error {
		created, err := insertKey(tx, public, box.Seal(keyPlace, private), now)
		if err != nil || !created {
			return err
		}
		return audit.Record(tx, audit.Entry{At: now, Action: "push.key.created", Subject: keyID})
	})
}

// PublicKey is what the web app subscribes with, its applicationServerKey, in
// base64url (RFC 8292, section 3.2).
func (i *Identity) PublicKey() string { return i.public }

// authorization is the header that introduces nod to an origin (RFC 8292, section 3).
func (i *Identity) authorization(origin string) (string, error) {
	token, err := i.tokens.get(origin, i.key)
	if err != nil {
		return "", fmt.Errorf("sign a push token: %w", err)
	}
	return "vapid t=" + token + ", k=" + i.public, nil
}
