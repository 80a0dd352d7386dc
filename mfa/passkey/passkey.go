// Package passkey signs people in by WebAuthn: it owns discoverable credentials, how one
// is registered, how an assertion by one is verified, and the table passkeys. When a
// passkey is asked for, what it is worth, how wrong ones are counted and who may add one
// is decided by mfa and idp.
//
// A passkey is bound to the address that asks for it, by the browser and not by its
// person, so nobody in between can relay it. The credentials that bind a device to its
// person (devices/credential) are something else: they are in another table and sign
// nobody in.
//
// Words: a ceremony is one touch of the sensor (WebAuthn, section 4). The user handle is
// what an authenticator knows a person by, the same for all their passkeys here. A claim
// is an assertion that was read and not verified: it says whose passkey made it. A
// challenge is made for one thing, such as one step of one login, and for nothing else.
package passkey

import (
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/go-webauthn/webauthn/protocol"
	"github.com/go-webauthn/webauthn/webauthn"

	"github.com/nod-idp/nod/devices/credential"
	"github.com/nod-idp/nod/internal/db"
	"github.com/nod-idp/nod/internal/seal"
)

// Errors of this package.
var (
	// ErrWrong: the ceremony's result does not hold, whatever is wrong with it.
	ErrWrong = errors.New("the passkey does not hold")
	// ErrRegistered: this passkey, or this result of a ceremony, has been taken already.
	ErrRegistered = errors.New("the passkey has been registered already")
	// ErrNotFound: the person has no such passkey.
	ErrNotFound = errors.New("no such passkey")
	// ErrBadName: the name is empty, too long, or holds what cannot be seen.
	ErrBadName = errors.New("the name cannot be used")
)

// Passkeys keeps the passkeys of everybody. Its methods are safe for concurrent use, on
// any node.
type Passkeys struct {
	DB           *db.DB
	Box          *seal.Box
	Epoch        int64
	PublicURL    string
	Organisation string           // as authenticators show it; "" means nod
	Now          func() time.Time // nil means time.Now

	once  sync.Once
	party *webauthn.WebAuthn
	fault error
}

// Passkey is one passkey of one person.
type Passkey struct {
	ID     string
	UserID string
	RPID   string // the host it was made for, and works at
	Name   string
	// BackupEligible tells that the key may leave the device by its maker's cloud. Such a
	// key never counts as hardware.
	BackupEligible bool
	CreatedAt      time.Time
	UsedAt         time.Time

	handle     []byte
	credential []byte
	sealed     []byte
	signCount  uint32
}

// Available returns nil if people can have passkeys here, and credential.ErrNoName where
// browsers refuse them because the public URL's host is an address.
func (p *Passkeys) Available() error {
	_, err := p.open()
	return err
}

// rpID is the host that passkeys are made for now, "" where there can be none.
func (p *Passkeys) rpID() string {
	party, err := p.open()
	if err != nil {
		return ""
	}
	return party.Config.RPID
}

func (p *Passkeys) open() (*webauthn.WebAuthn, error) {
	p.once.Do(func() { p.party, p.fault = p.build() })
	return p.party, p.fault
}

func (p *Passkeys) build() (*webauthn.WebAuthn, error) {
	return credential.Party(p.PublicURL, p.Organisation, protocol.AuthenticatorSelection{
		ResidentKey:        protocol.ResidentKeyRequirementRequired,
		RequireResidentKey: protocol.ResidentKeyRequired(),
	})
}

func (p *Passkeys) now() time.Time {
	if p.Now == nil {
		return time.Now()
	}
	return p.Now()
}

// handleOf is the user handle of a person: 64 bytes, the most that WebAuthn allows
// (section 14.6.1), which tell nobody else who it is. It is derived, so that a page can
// offer to make a passkey without anything being stored.
func (p *Passkeys) handleOf(userID string) []byte {
	return append(p.Box.MAC("passkey-handle", userID, "1"), p.Box.MAC("passkey-handle", userID, "2")...)
}

// wrong keeps what the library found for the log: its texts hold no secrets.
func wrong(err error) error {
	var detail *protocol.Error
	if errors.As(err, &detail) {
		return fmt.Errorf("%w: %s: %s", ErrWrong, detail.Details, detail.DevInfo)
	}
	return fmt.Errorf("%w: %w", ErrWrong, err)
}
