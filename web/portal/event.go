package portal

import (
	"github.com/nod-idp/nod/idp"
	"github.com/nod-idp/nod/idp/session"
)

// The tones of events and badges.
const (
	good    = "good"
	warning = "warning"
	danger  = "danger"
	calm    = "quiet"
)

// inWords says what happened, and how much it should stand out.
func (s *Surface) inWords(e idp.Event) (what, tone string) {
	switch e.Kind {
	case idp.SignedInTo:
		if e.Device != "" {
			return s.site.Text("account.event.signedin.device", e.Client, e.Device), good
		}
		return s.site.Text("account.event.signedin", e.Client), good
	case idp.SignInCancelled:
		return s.site.Text("account.event.cancelled", e.Client), calm
	case idp.PasswordWrong:
		return s.site.Text("account.event.wrongpassword"), warning
	case idp.PasscodeWrong:
		return s.site.Text("account.event.wrongpasscode"), warning
	case idp.RequestDenied:
		return s.site.Text("account.event.denied", e.Client, s.deviceName(e)), warning
	case idp.RequestReported:
		return s.site.Text("account.event.reported", e.Client, s.deviceName(e)), danger
	case idp.RequestExpired:
		return s.site.Text("account.event.expired", e.Client), calm
	case idp.RequestFailed:
		return s.site.Text("account.event.failed", e.Client), warning
	case idp.SessionEnded:
		return s.endInWords(e), calm
	case idp.PasswordChanged:
		return s.site.Text("account.event.password"), warning
	case idp.ClientDisconnects:
		return s.site.Text("account.event.disconnected", e.Client), calm
	}
	return s.deviceInWords(e)
}

func (s *Surface) deviceInWords(e idp.Event) (what, tone string) {
	name := s.deviceName(e)
	switch e.Kind {
	case idp.LinkMade:
		return s.site.Text("account.event.link"), calm
	case idp.LinkReused:
		return s.site.Text("account.event.linkused"), danger
	case idp.DeviceAdded:
		return s.site.Text("account.event.added", name), warning
	case idp.DeviceRefused:
		return s.site.Text("account.event.refused", name), warning
	case idp.DeviceRenamed:
		return s.site.Text("account.event.renamed", name), calm
	case idp.DeviceSuspended:
		if e.Reason == "pin" {
			return s.site.Text("account.event.suspended.pin", name), warning
		}
		return s.site.Text("account.event.suspended", name), warning
	case idp.DeviceResumed:
		return s.site.Text("account.event.resumed", name), calm
	case idp.DeviceRemoved:
		return s.site.Text("account.event.removed", name), warning
	}
	return s.passkeyInWords(e)
}

// endInWords says how a session ended.
func (s *Surface) endInWords(e idp.Event) string {
	switch e.Reason {
	case session.LoggedOut:
		return s.site.Text("account.event.signedout")
	case session.Switched:
		return s.site.Text("account.event.switched")
	}
	return s.site.Text("account.event.ended")
}

// deviceName is what a device is called, also one that nobody remembers.
func (s *Surface) deviceName(e idp.Event) string {
	if e.Device == "" {
		return s.site.Text("account.event.adevice")
	}
	return e.Device
}
