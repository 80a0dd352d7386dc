package mfa

import (
	"context"
	"errors"
	"time"

	"github.com/nod-idp/nod/devices"
	"github.com/nod-idp/nod/internal/db"
	"github.com/nod-idp/nod/internal/geo"
	"github.com/nod-idp/nod/internal/seal"
	"github.com/nod-idp/nod/mfa/passkey"
	"github.com/nod-idp/nod/mfa/recovery"
	"github.com/nod-idp/nod/mfa/throttle"
	"github.com/nod-idp/nod/mfa/token"
)

// Service asks devices and judges their answers. Its methods are safe for
// concurrent use, on any node.
type Service struct {
	DB      *db.DB
	Box     *seal.Box
	Epoch   int64
	Issuer  string // the public URL, part of what is approved
	Devices *devices.Devices
	People  People
	Guesses *throttle.Guesses
	Now     func() time.Time // nil means time.Now
	Window  time.Duration    // how long a device may be asked; 0 means 120 s
	Finish  time.Duration    // how long the login page has after the approval; 0 means 60 s

	// Tokens are authenticator apps and hardware tokens, Recovery is codes on paper. nil
	// means that nobody has any.
	Tokens   *token.Tokens
	Recovery *recovery.Codes

	// Passkeys sign their person in. nil means that nobody has any.
	Passkeys *passkey.Passkeys

	// Pager wakes devices that are to be asked. nil means that all of them have to be
	// open, or be opened, to learn of it.
	Pager Pager

	// Places knows where addresses are; nil knows nothing. Relay is what is made of it.
	Places *geo.Places
	Relay  Relay

	// OnInquiry runs in the transaction in which the question of a client that asks by
	// itself leaves its state. nil means that no client does.
	OnInquiry func(tx *db.Tx, inquiryID string, to State) error

	// OnReport runs in the transaction in which a person reports a request, for what
	// else ends with it, such as the memory of known browsers. nil means nothing else.
	OnReport func(tx *db.Tx, r Report) error
	// Reports is told of a report once it is committed. nil means that nobody listens.
	Reports func(ctx context.Context, r Report)
}

// People says whether a person may sign in at present.
type People interface {
	ActiveTx(tx *db.Tx, userID string) (bool, error)
}

// Limits of one challenge.
const (
	defaultWindow = 120 * time.Second
	longestWindow = 300 * time.Second
	defaultFinish = 60 * time.Second
	maxTries      = 3 // wrong numbers and passcodes together
)

// Errors of a login's side. Those of a device's side are protocol codes.
var (
	// ErrNoDevice: the person has no active device with push on.
	ErrNoDevice = errors.New("no device to ask")
	// ErrPending: the challenge has not been answered, so no passcode counts yet.
	ErrPending = errors.New("the request has not been approved yet")
	// ErrOver: the challenge ended without an approval, or its time to finish ran out.
	ErrOver = errors.New("the request is over")
	// ErrInactive: the person has been disabled meanwhile.
	ErrInactive = errors.New("the person may not sign in")
)

// WrongPasscodeError refuses a passcode. At TriesLeft 0 the challenge has failed.
type WrongPasscodeError struct{ TriesLeft int }

// Error describes the refusal for the log.
func (e *WrongPasscodeError) Error() string { return "wrong passcode" }

func (s *Service) now() time.Time {
	if s.Now == nil {
		return time.Now()
	}
	return s.Now()
}

func (s *Service) window() time.Duration {
	if s.Window == 0 {
		return defaultWindow
	}
	return min(s.Window, longestWindow)
}

func (s *Service) finish() time.Duration {
	if s.Finish == 0 {
		return defaultFinish
	}
	return s.Finish
}

// challengeTopics is what the topics of all challenges begin with.
const challengeTopics = "challenge:"

func challengeTopic(id string) string { return challengeTopics + id }

// Watch waits for changes of a challenge: its state, and how far its deliveries
// have come. What nobody announced is found by Follow.
func (s *Service) Watch(challengeID string) *db.Subscription {
	return s.DB.Hear(challengeTopic(challengeID))
}
