package mfa

import (
	"slices"
	"time"

	"github.com/nod-idp/nod/devices"
	"github.com/nod-idp/nod/devices/protocol"
)

// Demand is what one login has to prove besides the password.
type Demand struct {
	Factor         bool
	MatchDigits    int // 0 for none
	RefuseSoftware bool
	// Verified wants an approval on a device that verified its person, by PIN or by the
	// phone's own lock, or a passkey. A typed passcode is none.
	Verified bool
	// PhishingResistant wants a passkey and nothing else.
	PhishingResistant bool
	// Methods are the ways that may prove it; nil means all.
	Methods []Method
	// Terms are what else the policy says of this login.
	Terms Terms
}

// Method is a way to prove a second factor.
type Method string

// The methods.
const (
	MethodPush     Method = "push"
	MethodPasscode Method = "passcode" // typed: from a device, an authenticator app or a hardware token
	MethodPasskey  Method = "passkey"
	MethodRecovery Method = "recovery" // one of ten codes on paper
)

// Methods lists every method.
func Methods() []Method {
	return []Method{MethodPush, MethodPasscode, MethodPasskey, MethodRecovery}
}

// Allows reports whether a method may prove what is demanded.
func (d Demand) Allows(m Method) bool {
	switch {
	case d.Methods != nil && !slices.Contains(d.Methods, m):
		return false
	case d.PhishingResistant:
		return m == MethodPasskey
	case d.Verified:
		return m == MethodPush || m == MethodPasskey
	}
	return true
}

// accepts reports whether a device may prove the second factor by approving.
func (d Demand) accepts(device devices.Device) bool {
	if device.PushForbidden || d.Verified && !device.Verifies() || !d.Allows(MethodPush) {
		return false
	}
	return !(d.RefuseSoftware && device.Kind == protocol.KindSoftware)
}

// asks reports whether a device is asked. Where push is off, or its person wants to be
// left alone, they type a passcode instead; where that would not do the request waits
// until the app is opened.
func (d Demand) asks(device devices.Device, now time.Time) bool {
	return (device.PushOn && !device.Snoozed(now) || d.Verified) && d.accepts(device)
}

// acceptsTyped reports whether a passcode typed from a device may prove it.
func (d Demand) acceptsTyped(device devices.Device) bool {
	return d.Allows(MethodPasscode) && !(d.RefuseSoftware && device.Kind == protocol.KindSoftware)
}
