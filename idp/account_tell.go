package idp

import (
	"strings"

	"github.com/nod-idp/nod/idp/session"
	"github.com/nod-idp/nod/internal/audit"
)

// tell says what an entry of the journal is to its person, and which device it is
// about. Most entries are inner steps, of which nothing is told.
func tell(r audit.Row, d detail) (kind EventKind, device string, told bool) {
	refused := r.Outcome == string(audit.Refused)
	switch r.Action {
	case "login.finished":
		return SignedInTo, d.Device, true
	case "token.direct.issued": // on another screen, or without any
		return SignedInTo, d.Device, true
	case "login.ended":
		return SignInCancelled, "", true
	case "login.password":
		return PasswordWrong, "", refused
	case "passcode.typed", "challenge.passcode", "challenge.answer":
		return PasscodeWrong, d.Device, refused
	case "challenge.denied":
		return RequestDenied, d.Device, true
	case "challenge.reported":
		return RequestReported, d.Device, true
	case "challenge.expired":
		return RequestExpired, "", true
	case "challenge.failed":
		return RequestFailed, "", true
	case "device.link.made":
		return LinkMade, "", true
	case "device.link.used":
		return LinkReused, "", refused
	case "device.enrolled":
		return DeviceAdded, r.Subject, true
	case "device.enrolment.refused":
		// A link that is withdrawn has no device yet and is nobody's news.
		return DeviceRefused, r.Subject, strings.HasPrefix(r.Subject, "dev_")
	case "device.renamed":
		return DeviceRenamed, "", true
	case "device.suspended":
		return DeviceSuspended, r.Subject, true
	case "device.resumed":
		return DeviceResumed, r.Subject, true
	case "device.removed":
		return DeviceRemoved, r.Subject, true
	case "passkey.added":
		return PasskeyAdded, "", true
	case "passkey.renamed":
		return PasskeyRenamed, "", true
	case "passkey.removed":
		return PasskeyRemoved, "", true
	case "passkey.used":
		return PasskeyWrong, "", refused
	case "token.added":
		return TokenAdded, "", true
	case "token.renamed":
		return TokenRenamed, "", true
	case "token.removed":
		return TokenRemoved, "", true
	case "recovery.made":
		return RecoveryMade, "", true
	case "recovery.used":
		if refused {
			return RecoveryWrong, "", true
		}
		return RecoveryUsed, "", true
	case "session.ended":
		// To sign in again in the same browser ends the session before.
		return SessionEnded, "", d.Reason != session.Replaced
	case "user.password.set":
		return PasswordChanged, "", true
	case "grant.revoked":
		return ClientDisconnects, "", d.Reason == disconnected
	}
	return "", "", false
}

func isAdministrator(actor string) bool { return strings.HasPrefix(actor, "cli:") }
