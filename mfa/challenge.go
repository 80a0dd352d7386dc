package mfa

import (
	"crypto/subtle"
	"encoding/binary"
	"fmt"
	"time"

	"github.com/nod-idp/nod/devices/protocol"
	"github.com/nod-idp/nod/internal/db"
	"github.com/nod-idp/nod/internal/seal"
)

// State is where a challenge stands.
type State string

// The states of a challenge.
const (
	Pending    State = "pending"
	Approved   State = "approved"
	Verified   State = "verified"
	Denied     State = "denied"
	Reported   State = "reported"
	Expired    State = "expired"
	Superseded State = "superseded"
	Withdrawn  State = "withdrawn"
	Failed     State = "failed"
)

// challenge is the stored row.
type challenge struct {
	ID          string
	UserID      string `db:"user_id"`
	LoginID     string `db:"login_id"`
	ClientID    string `db:"client_id"`
	Budget      string
	Browser     string
	State       State
	Nonce       string
	MatchDigits int `db:"match_digits"`
	Context     db.JSON[protocol.Context]
	Network     string
	NewClient   bool `db:"new_client"`
	NewNetwork  bool `db:"new_network"`
	Country     string
	NewCountry  bool `db:"new_country"`
	Tries       int
	DeviceID    *string `db:"device_id"`
	Methods     db.Strings
	Passcode    []byte
	CreatedAt   db.Time `db:"created_at"`
	ExpiresAt   db.Time `db:"expires_at"`
	AnsweredAt  db.Time `db:"answered_at"`
	FinishBy    db.Time `db:"finish_by"`
	SameBrowser bool    `db:"same_browser"`
	// DeviceNetwork and DistanceKM say where the device answered from, if it is known.
	DeviceNetwork string  `db:"device_network"`
	DistanceKM    *int    `db:"distance_km"`
	VerifiedAt    db.Time `db:"verified_at"`
}

// stateAt is the state with the clock applied: a row is marked as expired only
// when somebody gets round to it.
func (c challenge) stateAt(now time.Time) State {
	switch {
	case c.State == Pending && !now.Before(c.ExpiresAt.Time):
		return Expired
	case c.State == Approved && !now.Before(c.FinishBy.Time):
		return Expired
	}
	return c.State
}

func (c challenge) answeredBy(deviceID string) bool {
	return c.DeviceID != nil && *c.DeviceID == deviceID
}

// askedBy reports whether a browser is the one that waits for the answer.
func (c challenge) askedBy(browser string) bool {
	return browser != "" && subtle.ConstantTimeCompare([]byte(c.Browser), []byte(browser)) == 1
}

// request is the challenge as a device is told of it.
func (c challenge) request(now time.Time) protocol.Request {
	return protocol.Request{
		ID: c.ID, Nonce: c.Nonce, Account: c.UserID,
		Client:  protocol.Client{ID: c.ClientID, Name: c.Context.V.ClientName},
		Context: c.Context.V, MatchDigits: c.MatchDigits, State: protocol.State(c.stateAt(now)),
		CreatedAt: protocol.At(c.CreatedAt.Time), ExpiresAt: protocol.At(c.ExpiresAt.Time),
		NewClient: c.NewClient, NewNetwork: c.NewNetwork, NewCountry: c.NewCountry,
	}
}

// number is the match number. It is derived from the challenge's random nonce
// under a key that the database does not hold, and stored nowhere.
func (s *Service) number(c challenge) string {
	if c.MatchDigits == 0 {
		return ""
	}
	mac := s.Box.MAC("match-number", c.ID, c.Nonce)
	modulus := uint64(1)
	for range c.MatchDigits {
		modulus *= 10
	}
	return fmt.Sprintf("%0*d", c.MatchDigits, binary.BigEndian.Uint64(mac)%modulus)
}

func passcodePlace(challengeID string) seal.Place {
	return seal.Place{Table: "challenges", Row: challengeID, Column: "passcode"}
}
