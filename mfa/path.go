package mfa

import (
	"slices"

	"github.com/nod-idp/nod/devices"
	"github.com/nod-idp/nod/devices/protocol"
)

// path is how a device made sure of its person for one approval.
type path string

// The paths. Each has a secret of its own.
const (
	byHaving path = "plain" // not at all: having the device was enough
	byPIN    path = "pin"
	byBody   path = "biometric" // a WebAuthn assertion with user verification
)

// pathOf is the path that an approval has to hold on. It is fixed by what was agreed at
// enrolment; only a device with two enrolled paths chooses, by what it sends.
func pathOf(d devices.Device, a protocol.Answer) path {
	switch {
	case d.Verification == protocol.VerifyPlain:
		return byHaving
	case d.Verification == protocol.VerifyPIN:
		return byPIN
	case d.HasPIN() && len(a.Assertion) == 0:
		return byPIN
	}
	return byBody // also for what a later version may have written into the row
}

// pathTaken is the path of an approval that was accepted, by the methods it earned.
func pathTaken(c challenge, d devices.Device) path {
	if slices.Contains(c.Methods.V, "pin") {
		return byPIN
	}
	return pathOf(d, protocol.Answer{Assertion: []byte("{}")})
}

func (p path) secret(all *devices.Devices, d devices.Device) ([]byte, error) {
	if p == byPIN {
		return all.PINSecret(d)
	}
	return all.PushSecret(d)
}

// methods are the amr values (RFC 8176) that an approval on this path earns. The key of
// a device is kept in software unless attested otherwise, and which part of the body
// was looked at the system does not tell.
func (p path) methods() []string {
	switch p {
	case byPIN:
		return []string{"otp", "pin", "swk"}
	case byBody:
		return []string{"otp", "swk", "user"}
	}
	return []string{"otp", "swk"}
}
