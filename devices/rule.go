package devices

import (
	"slices"

	"github.com/nod-idp/nod/devices/protocol"
)

// Rule is the administrator's decision how a device verifies its person before it
// approves. It is applied once, at enrolment, and cannot be weakened by the device.
type Rule string

// The rules. The first is the default.
const (
	RuleBiometric        Rule = "biometric"          // fingerprint, face or the system's PIN, by WebAuthn
	RuleBiometricOrPIN   Rule = "biometric-or-pin"   // the PIN path for devices without WebAuthn
	RuleBiometricWithPIN Rule = "biometric-with-pin" // the PIN path as a second way on every device
	RulePIN              Rule = "pin"
	RulePlain            Rule = "plain" // having the device is enough
)

// Rules lists every rule, the default first.
func Rules() []Rule {
	return []Rule{RuleBiometric, RuleBiometricOrPIN, RuleBiometricWithPIN, RulePIN, RulePlain}
}

// agreement is what a rule comes to for one device.
type agreement struct {
	verification protocol.Verification
	pinToo       bool // the PIN path is enrolled beside the biometric one
}

var errVerificationRefused = refuse(protocol.ErrVerificationRefused,
	"A device for this account has to verify its person in a way that this one does not offer.")

// agree applies the rule of a link, or the installation's, to what a device can do.
// Programs in a terminal cannot do WebAuthn and decide themselves between a PIN and
// nothing, unless the link itself says otherwise.
func (s *Devices) agree(link Rule, kind protocol.Kind, wants protocol.Verification) (agreement, error) {
	rule := link
	if rule == "" && kind == protocol.KindSoftware {
		rule = RulePlain
	}
	if rule == "" {
		rule = s.Rule
	}
	if rule == "" {
		rule = RuleBiometric
	}
	switch {
	case rule == RulePlain && kind == protocol.KindSoftware && wants == protocol.VerifyPIN:
		return agreement{verification: protocol.VerifyPIN}, nil // more than the rule asks for
	case rule == RulePlain && !(kind == protocol.KindSoftware && wants == protocol.VerifyBiometric):
		return agreement{verification: protocol.VerifyPlain}, nil
	case rule == RulePIN && wants != protocol.VerifyPlain:
		return agreement{verification: protocol.VerifyPIN}, nil
	case rule == RuleBiometricOrPIN && wants == protocol.VerifyPIN:
		return agreement{verification: protocol.VerifyPIN}, nil
	case biometric(rule) && wants == protocol.VerifyBiometric && kind != protocol.KindSoftware:
		return agreement{verification: protocol.VerifyBiometric, pinToo: rule == RuleBiometricWithPIN}, nil
	}
	return agreement{}, errVerificationRefused
}

func biometric(r Rule) bool {
	return slices.Contains([]Rule{RuleBiometric, RuleBiometricOrPIN, RuleBiometricWithPIN}, r)
}
