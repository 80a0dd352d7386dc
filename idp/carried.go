package idp

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/nod-idp/nod/internal/audit"
	"github.com/nod-idp/nod/internal/db"
	"github.com/nod-idp/nod/internal/seal"
)

// A login that nothing happened to yet is carried by its browser: it stands, sealed, in the
// address of its page. Its first step keeps it in the database. So whoever only asks for the
// page of a sign-in, as every crawler can, makes nobody write anything.

// carried is what the seal holds of a login, besides its id, which stands before it.
type carried struct {
	Request   AuthRequest `json:"request"`
	Browser   string      `json:"browser"`
	IP        string      `json:"ip"`
	UserAgent string      `json:"user_agent"`
	CreatedAt time.Time   `json:"created_at"`
	ExpiresAt time.Time   `json:"expires_at"`
}

// mostCarried bounds the address, in bytes before it is sealed. A longer request is kept at once.
const mostCarried = 1200

// carriedMark stands between a login's id and its seal.
const carriedMark = "."

// carry returns the reference of a login that its browser carries, or "" for one that has to be kept: somebody
// is signed in already, others know it by its id, or it is too long for an address.
func (s *Service) carry(l Login) string {
	if l.UserID != "" || l.Request.Kept || l.Foreign() {
		return ""
	}
	plain, err := json.Marshal(carried{l.Request, l.browser, l.IP, l.UserAgent, l.CreatedAt, l.ExpiresAt})
	if err != nil || len(plain) > mostCarried {
		return ""
	}
	return l.ID + carriedMark + base64.RawURLEncoding.EncodeToString(s.Box.Seal(s.carriedPlace(l.ID), plain))
}

// carriedPlace binds a seal to its login and to this epoch.
func (s *Service) carriedPlace(id string) seal.Place {
	return seal.Place{Table: "logins", Row: id, Column: "carried " + strconv.FormatInt(s.Epoch, 10)}
}

// openCarried returns a login as its browser carries it, and ErrNoLogin for whatever was not sealed here.
func (s *Service) openCarried(id, sealed string) (Login, error) {
	raw, err := base64.RawURLEncoding.Strict().DecodeString(sealed)
	if err != nil {
		return Login{}, ErrNoLogin
	}
	plain, err := s.Box.Open(s.carriedPlace(id), raw)
	if err != nil {
		return Login{}, ErrNoLogin
	}
	var c carried
	if err := json.Unmarshal(plain, &c); err != nil {
		return Login{}, fmt.Errorf("read a carried login: %w", err)
	}
	return Login{
		ID: id, State: Open, ClientID: c.Request.ClientID, Request: c.Request, IP: c.IP, UserAgent: c.UserAgent,
		CreatedAt: c.CreatedAt, ExpiresAt: c.ExpiresAt, browser: c.Browser, carried: sealed,
	}, nil
}

// Reference is what the address of a login's page calls it: its id, with all of the login while its browser
// carries it.
func (l Login) Reference() string {
	if l.carried == "" {
		return l.ID
	}
	return l.ID + carriedMark + l.carried
}

// IDOf is the id of the login that a reference means. It looks at nothing else.
func IDOf(reference string) string {
	id, _, _ := strings.Cut(reference, carriedMark)
	return id
}

// keepTx keeps a login, as it is after its first step. It returns ErrMoved when it was kept before: of two first
// steps only one counts.
func (s *Service) keepTx(tx *db.Tx, l Login) error {
	if err := s.insertLoginTx(tx, l); err != nil {
		return err
	}
	return audit.Record(tx, audit.Entry{At: s.now(), Action: "login.begun", Subject: l.ID, User: l.UserID, Client: l.ClientID})
}
