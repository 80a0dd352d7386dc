// Package evidence says what the finished steps of a login proved, and turns it
// into the claims amr, acr and auth_time. It owns that translation alone; logins
// collect evidence, sessions keep it and tokens tell of it.
package evidence

import (
	"slices"
	"time"
)

// Evidence is what has been proved about one person in one browser.
type Evidence struct {
	// PasswordAt is when the password was proved, zero if it was not.
	PasswordAt time.Time `json:"password_at,omitzero"`
	// Foreign is the issuer that proved the first factor in place of nod, "" if none did.
	// What it proved is its own to tell: it is no value of amr here.
	Foreign string `json:"foreign,omitempty"`
	// Introduced tells that a code from the administrator said, in this very login, who the
	// person is.
	Introduced bool `json:"introduced,omitempty"`
	// FactorAt is when the second factor was proved, zero if it was not.
	FactorAt time.Time `json:"factor_at,omitzero"`
	// Factor holds the amr values (RFC 8176) that the second factor earned, such as
	// "otp", "swk" and "pin".
	Factor []string `json:"factor,omitempty"`
	// Device is the id of the device that answered, Challenge that of the question.
	Device    string `json:"device,omitempty"`
	Challenge string `json:"challenge,omitempty"`
	// Numbered tells that the match number was typed on the device.
	Numbered bool `json:"numbered,omitempty"`
	// Passkey is the id of the passkey that signed, with its person verified. It is both
	// factors at once, whether a password was typed or not.
	Passkey string `json:"passkey,omitempty"`
	// Token is the id of the authenticator app or hardware token that a passcode was
	// typed from.
	Token string `json:"token,omitempty"`
	// Recovery tells that the second factor was a recovery code.
	Recovery bool `json:"recovery,omitempty"`
}

// Authentication context classes that nod knows.
const (
	ACRPassword = "urn:nod:acr:password"
	ACRMFA      = "urn:nod:acr:mfa"
	// ACRPhishingResistant is that of the OpenID Connect Extended Authentication Profile
	// ACR Values 1.0: the factor is bound to the address that asked for it.
	ACRPhishingResistant = "phr"
)

// ACRs lists them, from the weakest to the strongest. Each includes those before it.
func ACRs() []string { return []string{ACRPassword, ACRMFA, ACRPhishingResistant} }

// AMR returns the methods proved (RFC 8176), in a fixed order.
func (e Evidence) AMR() []string {
	var amr []string
	if !e.PasswordAt.IsZero() {
		amr = append(amr, "pwd")
	}
	amr = append(amr, e.Factor...)
	if e.MFA() {
		amr = append(amr, "mfa")
	}
	slices.Sort(amr)
	return slices.Compact(amr)
}

// MFA reports whether two factors of different kinds were proved. A passkey is two: the
// key, and the verification of its person.
func (e Evidence) MFA() bool {
	return !e.FactorAt.IsZero() && (!e.PasswordAt.IsZero() || e.Passkey != "")
}

// PhishingResistant reports whether nobody between person and server could have
// relayed what was proved. Only a passkey does that.
func (e Evidence) PhishingResistant() bool { return e.Passkey != "" && !e.FactorAt.IsZero() }

// Begun reports whether a first factor was proved, after which a second may be asked.
func (e Evidence) Begun() bool { return !e.PasswordAt.IsZero() || e.Foreign != "" || e.MFA() }

// Verified reports whether what approved verified its person: a device by a PIN ("pin")
// or by the phone's own lock ("user"), or a passkey.
func (e Evidence) Verified() bool {
	if e.PhishingResistant() {
		return true
	}
	return !e.FactorAt.IsZero() && e.Challenge != "" && (slices.Contains(e.Factor, "pin") || slices.Contains(e.Factor, "user"))
}

// ACR returns the authentication context class the evidence amounts to, "" where it is
// none of them: an approval on a device without anything before it (OpenID Connect CIBA
// Core 1.0) has proved no password, and is not claimed to be two factors though the
// device made sure of its person.
func (e Evidence) ACR() string {
	switch {
	case e.PhishingResistant():
		return ACRPhishingResistant
	case e.MFA():
		return ACRMFA
	case e.PasswordAt.IsZero():
		return ""
	}
	return ACRPassword
}

// Same reports whether nothing was proved that the other does not tell of as well.
func (e Evidence) Same(other Evidence) bool {
	return e.PasswordAt.Equal(other.PasswordAt) && e.FactorAt.Equal(other.FactorAt) &&
		e.Challenge == other.Challenge && e.Passkey == other.Passkey && e.Token == other.Token && e.Recovery == other.Recovery
}

// Meets reports whether the evidence amounts to a class. Each includes those before it;
// one that nod does not know is never met.
func (e Evidence) Meets(acr string) bool {
	wanted := slices.Index(ACRs(), acr)
	return wanted >= 0 && wanted <= slices.Index(ACRs(), e.ACR())
}

// ACRAmong returns the first of the classes wanted that is met, and otherwise what ACR
// returns.
func (e Evidence) ACRAmong(wanted []string) string {
	for _, acr := range wanted {
		if e.Meets(acr) {
			return acr
		}
	}
	return e.ACR()
}

// AuthTime is when the person last proved something: the claim auth_time.
func (e Evidence) AuthTime() time.Time {
	if e.FactorAt.After(e.PasswordAt) {
		return e.FactorAt
	}
	return e.PasswordAt
}
