package protocol

import (
	"crypto/sha256"
	"encoding/base64"
)

// Registration is everything that a new device's WebAuthn credential commits to.
type Registration struct {
	Issuer string
	// Enrolment is the id of the link that let the device in.
	Enrolment string
	Device    string
	Account   string
	// Thumbprint is that of the device's own key (RFC 7638), so that a credential cannot
	// be registered for another key.
	Thumbprint string
	// Question is the enrolment's 32 random bytes.
	Question []byte
}

const registrationDomain = "nod-enrol-v1"

// RegistrationChallenge is the challenge of the ceremony that makes the credential
// (WebAuthn, section 5.1.3): SHA-256("nod-enrol-v1" ‖ canonical encoding).
func RegistrationChallenge(r Registration) [sha256.Size]byte {
	return sha256.Sum256(append([]byte(registrationDomain), Canonical(
		r.Issuer, r.Enrolment, r.Device, r.Account, r.Thumbprint, base64.RawURLEncoding.EncodeToString(r.Question),
	)...))
}
