// Package credential binds a device to the body of its person: it owns the WebAuthn
// credential that each device has, how it is registered, how an assertion by it is
// verified, and the table device_credentials.
//
// What the challenge of a ceremony commits to is computed by devices/protocol; when one
// is demanded is decided by devices and mfa. A device's credential is no passkey: it
// signs nobody in.
//
// Words: a ceremony is one touch of the sensor (WebAuthn, section 4). The relying party
// is this installation, known to the authenticator by the host of its public URL. User
// verification is the fingerprint, the face or the system's PIN, as opposed to a mere
// touch.
package credential

import (
	"errors"
	"sync"

	"github.com/go-webauthn/webauthn/protocol"
	"github.com/go-webauthn/webauthn/webauthn"
)

// HandleSize is the length of a user handle in bytes, the most that WebAuthn allows
// (section 14.6.1). Each device has a random one of its own.
const HandleSize = 64

// Errors of this package.
var (
	// ErrNoName: browsers refuse WebAuthn where the public URL's host is an address and
	// no name.
	ErrNoName = errors.New("WebAuthn needs a public URL with a host name")
	// ErrWrong: the ceremony's result does not hold.
	ErrWrong = errors.New("the credential does not hold")
	// ErrRegistered: the device has registered its credential already.
	ErrRegistered = errors.New("the device has its credential already")
	// ErrNone: the device has no credential.
	ErrNone = errors.New("the device has no credential")
)

// RelyingParty is this installation in the eyes of an authenticator. It is safe for
// concurrent use.
type RelyingParty struct {
	PublicURL string
	Name      string // of the organisation; "" means nod

	once  sync.Once
	party *webauthn.WebAuthn
	fault error
}

// Available returns nil if devices can have credentials here, ErrNoName if not.
func (r *RelyingParty) Available() error {
	_, err := r.open()
	return err
}

// ID is the relying party's id, the host of the public URL.
func (r *RelyingParty) ID() string {
	party, err := r.open()
	if err != nil {
		return ""
	}
	return party.Config.RPID
}

func (r *RelyingParty) open() (*webauthn.WebAuthn, error) {
	r.once.Do(func() { r.party, r.fault = r.build() })
	return r.party, r.fault
}

func (r *RelyingParty) build() (*webauthn.WebAuthn, error) {
	return Party(r.PublicURL, r.Name, protocol.AuthenticatorSelection{
		AuthenticatorAttachment: protocol.Platform,
		ResidentKey:             protocol.ResidentKeyRequirementDiscouraged,
		RequireResidentKey:      protocol.ResidentKeyNotRequired(),
	})
}
