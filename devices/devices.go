// Package devices owns the phones and programs that people approve sign-ins
// with: how one is enrolled, its key, its secrets, and whether it may still
// speak. It owns the tables devices and enrolments.
//
// It knows a person as a user id and asks Accounts for the rest. What is put to a
// device, and whether its answer is right, is left to mfa; the messages and their
// signatures are devices/protocol, the passcodes devices/otp.
//
// Words: a device is one person on one installation. A link is a one-time secret
// that lets one device in; the enrolment is what becomes of it: open, claimed by a
// key, proved by a passcode, active. Verification is what the device demands of
// its person before it approves, fixed at enrolment.
package devices

import (
	"context"
	"crypto/ecdsa"
	"errors"
	"sync"
	"time"

	"github.com/nod-idp/nod/devices/credential"
	"github.com/nod-idp/nod/devices/protocol"
	"github.com/nod-idp/nod/devices/push"
	"github.com/nod-idp/nod/internal/db"
	"github.com/nod-idp/nod/internal/seal"
)

// Devices is the way to everything in this package. It is safe for concurrent use.
type Devices struct {
	DB        *db.DB
	Box       *seal.Box
	Epoch     int64
	PublicURL string // where devices reach this server; also the issuer they approve for
	Accounts  Accounts
	Rule      Rule             // for devices whose link has none of its own; "" means RuleBiometric
	Now       func() time.Time // nil means time.Now

	// MatchDigits is told to new devices: how long a match number usually is. 0
	// means 2; NoNumber means that none is asked.
	MatchDigits int
	// Organisation is how authenticators call the relying party; "" means nod.
	Organisation string
	// PushKey is the application server key in base64url, told to devices that enrol; ""
	// if this installation wakes nobody.
	PushKey string
	// Subscriptions keeps where devices are woken; nil if this installation wakes nobody.
	Subscriptions *push.Subscriptions
	// AlsoTell tells a person by other channels, such as mail, what their devices are told,
	// in the same transaction; nil: there are none.
	AlsoTell func(tx *db.Tx, userID string, kind NoticeKind, about string) error

	once     sync.Once
	party    *credential.RelyingParty
	verifier *protocol.Verifier
	faulty   error // why there is no verifier
	refusals gate
}

// NoNumber is the MatchDigits of an installation that asks for no match number.
const NoNumber = -1

// Accounts is what devices must know about people.
type Accounts interface {
	// Account returns the names that a device shows.
	Account(ctx context.Context, userID string) (name, displayName string, err error)
	// ActiveTx reports whether the person may sign in at all.
	ActiveTx(tx *db.Tx, userID string) (bool, error)
}

// State is where a device stands.
type State string

// The states of a device.
const (
	Enrolling State = "enrolling"
	Active    State = "active"
	Suspended State = "suspended"
	Removed   State = "removed"
)

// Device is one person on one installation.
type Device struct {
	ID           string
	UserID       string
	Name         string
	Kind         protocol.Kind
	State        State
	Verification protocol.Verification
	PublicKey    string // a JWK
	Thumbprint   string
	PushOn       bool // the person's own switch
	// PushForbidden is the administrator's: the device is never asked to approve, and makes
	// typed passcodes only.
	PushForbidden bool
	PINFailures   int // wrong PINs in a row
	CreatedAt     time.Time
	ActivatedAt   time.Time // zero until then
	SeenAt        time.Time // of its latest request, to the minute
	SnoozedUntil  time.Time // its person wants it left alone until then; may be over, or zero
	SeenIP        string    // where its latest answer came from, "" if not known
	EndedAt       time.Time // when it was removed
	Reason        string    // why it was suspended or removed

	sealed    sealedSecrets
	typedStep int64
}

// Errors that callers tell apart. Refusals that a device itself is told about are
// protocol.Error values with a protocol.Code.
var (
	// ErrNotFound: there is no such device of this person, or not in a state that
	// allows what was asked.
	ErrNotFound = errors.New("no such device")
	// ErrNotWaiting: the enrolment does not wait for this person, or not any more.
	ErrNotWaiting = errors.New("no such enrolment is waiting")
	// ErrNoAccount: the person does not exist or may not sign in.
	ErrNoAccount = errors.New("the account is not active")
	// ErrNoSecret: the device has no secret of that kind, or no longer.
	ErrNoSecret = errors.New("the device has no such secret")
	// ErrBadName: a device's name is 1 to 64 visible characters.
	ErrBadName = errors.New("the name is not 1 to 64 visible characters")
)

// Topic is announced when something about a device or its requests changed.
func Topic(deviceID string) string { return "device:" + deviceID }

// EnrolmentsTopic is announced when an enrolment of the person has moved.
func EnrolmentsTopic(userID string) string { return "enrolments:" + userID }

// Fingerprint is the short form of the key's thumbprint, the same as on the
// device itself.
func (d Device) Fingerprint() string {
	key, err := d.key()
	if err != nil {
		return ""
	}
	text, err := protocol.Fingerprint(key)
	if err != nil {
		return ""
	}
	return text
}

func (d Device) key() (*ecdsa.PublicKey, error) { return protocol.ParseKey([]byte(d.PublicKey)) }

func (s *Devices) now() time.Time {
	if s.Now == nil {
		return time.Now()
	}
	return s.Now()
}

func (s *Devices) matchDigits() int {
	switch s.MatchDigits {
	case 0:
		return 2
	case NoNumber:
		return 0
	}
	return s.MatchDigits
}

// refuse is a refusal that the device is told about.
func refuse(code protocol.Code, message string) error {
	return &protocol.Error{Code: code, Message: message}
}
