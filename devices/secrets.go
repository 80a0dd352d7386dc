package devices

import (
	"fmt"

	"github.com/nod-idp/nod/devices/protocol"
	"github.com/nod-idp/nod/internal/random"
	"github.com/nod-idp/nod/internal/seal"
)

// sealedSecrets are the secrets of a device as the row holds them. What is nil the
// device does not have.
type sealedSecrets struct{ push, pin, typed, half []byte }

const secretSize = 32

// newSecrets draws the secrets of a new device: one for each path, so that no path
// can pose as another.
func (s *Devices) newSecrets(id string, a agreement) (sealed sealedSecrets, open protocol.EnrolBegun) {
	draw := func(column string) (secret, closed []byte) {
		secret = random.Bytes(secretSize)
		return secret, s.Box.Seal(place(id, column), secret)
	}
	open.PushSecret, sealed.push = draw("push_secret")
	open.TypedSecret, sealed.typed = draw("typed_secret")
	if a.verification == protocol.VerifyPIN || a.pinToo {
		open.PINSecret, sealed.pin = draw("pin_secret")
		open.PINHalf, sealed.half = draw("pin_half")
		open.PINSalt = random.Bytes(protocol.MinPINSalt)
		open.PINIterations = protocol.PINIterations
	}
	return sealed, open
}

// PushSecret makes push passcodes where verification is plain or biometric.
func (s *Devices) PushSecret(d Device) ([]byte, error) {
	return s.open(d, "push_secret", d.sealed.push)
}

// PINSecret makes push passcodes where verification is PIN, and on the second path
// where it is biometric with a PIN beside it.
func (s *Devices) PINSecret(d Device) ([]byte, error) {
	return s.open(d, "pin_secret", d.sealed.pin)
}

// PINHalf is the server's half of the PIN path. It leaves the server for an open
// challenge only, which is for the caller to make sure of.
func (s *Devices) PINHalf(d Device) ([]byte, error) {
	return s.open(d, "pin_half", d.sealed.half)
}

// HasPIN reports whether the PIN path is one of this device's.
func (d Device) HasPIN() bool { return d.sealed.pin != nil }

// ApprovalSecret is the secret that an approval's passcode has to be made with:
// the one of the path that was fixed at enrolment, and no other. Where the PIN is a
// second path, that one has PINSecret.
func (s *Devices) ApprovalSecret(d Device) ([]byte, error) {
	if d.Verification == protocol.VerifyPIN {
		return s.PINSecret(d)
	}
	return s.PushSecret(d)
}

func (s *Devices) typedSecret(d Device) ([]byte, error) {
	return s.open(d, "typed_secret", d.sealed.typed)
}

func (s *Devices) open(d Device, column string, sealed []byte) ([]byte, error) {
	if sealed == nil {
		return nil, fmt.Errorf("%w: %s", ErrNoSecret, column)
	}
	return s.Box.Open(place(d.ID, column), sealed)
}

func place(id, column string) seal.Place {
	return seal.Place{Table: "devices", Row: id, Column: column}
}
