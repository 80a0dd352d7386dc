package portal

import (
	"context"
	"net/http"
	"net/url"

	"github.com/nod-idp/nod/devices"
	"github.com/nod-idp/nod/devices/protocol"
	"github.com/nod-idp/nod/idp"
)

// Devices lists what can approve sign-ins. State devices.
type Devices struct {
	Frame
	Devices    []DeviceRow
	AddURL     string
	Passkeys   Passkeys
	Codes      Codes
	WaitingURL string // where a device is confirmed that waits, "" if none does
	Reported   Reported

	AtOnceURL   string // where the person says whether devices are asked right after the password
	AtOnceToken string
	AtOnce      bool
}

// DeviceRow is one device in the list.
type DeviceRow struct {
	ID    string
	Name  string
	URL   string
	Push  Push
	Means string // how it approves
	Added Moment
	Used  Moment
	Key   string // the beginning of the fingerprint
}

// devices shows the list.
func (s *Surface) devices(w http.ResponseWriter, r *http.Request, h idp.Holder) error {
	all, err := s.Logins.Devices.List(r.Context(), h.User.ID)
	if err != nil {
		return err
	}
	liking, err := s.Logins.MFA.Preference(r.Context(), h.User.ID)
	if err != nil {
		return err
	}
	view := Devices{
		Frame: framed(sectionDevices), AddURL: addPath,
		AtOnceURL: atOncePath, AtOnceToken: s.formOf(h, "at once", ""), AtOnce: liking.AtOnce,
	}
	for _, d := range all {
		if d.State == devices.Enrolling {
			continue
		}
		push, err := s.pushOf(r.Context(), d)
		if err != nil {
			return err
		}
		view.Devices = append(view.Devices, DeviceRow{
			ID: d.ID, Name: d.Name, URL: devicesPath + "/" + d.ID, Push: push, Means: s.means(d),
			Added: day(d.ActivatedAt), Used: s.ago(d.SeenAt), Key: short(d.Fingerprint()),
		})
	}
	if view.Reported, err = s.reported(r, h); err != nil {
		return err
	}
	waiting, err := s.Logins.Devices.AwaitingConfirmation(r.Context(), h.User.ID)
	if err != nil {
		return err
	}
	if len(waiting) > 0 {
		view.WaitingURL = confirmPath
		if p := waiting[0]; !p.ByAdministrator {
			view.WaitingURL = addPath + "/" + p.EnrolmentID
		}
	}
	if view.Passkeys, err = s.passkeys(r.Context(), h); err != nil {
		return err
	}
	if view.Codes, err = s.codes(r.Context(), h); err != nil {
		return err
	}
	return s.set.Render(w, http.StatusOK, "devices", view)
}

// find returns a device of this person that was not removed.
func (s *Surface) find(ctx context.Context, h idp.Holder, id string) (devices.Device, error) {
	d, err := s.Logins.Devices.Get(ctx, id)
	if err == nil && (d.UserID != h.User.ID || d.State == devices.Removed || d.State == devices.Enrolling) {
		err = devices.ErrNotFound
	}
	return d, err
}

// means says how a device makes sure that it is its person who approves.
func (s *Surface) means(d devices.Device) string {
	switch {
	case d.Verification == protocol.VerifyPIN:
		return s.site.Text("account.means.pin")
	case d.Verification == protocol.VerifyBiometric && d.HasPIN():
		return s.site.Text("account.means.both")
	case d.Verification == protocol.VerifyBiometric:
		return s.site.Text("account.means.biometric")
	}
	return s.site.Text("account.means.plain")
}

func (s *Surface) kind(k protocol.Kind) string {
	switch k {
	case protocol.KindSoftware:
		return s.site.Text("device.kind.software")
	case protocol.KindNative:
		return s.site.Text("device.kind.native")
	}
	return s.site.Text("device.kind.web")
}

// short is enough of a fingerprint to tell two devices of one person apart.
func short(fingerprint string) string { return fingerprint[:min(len(fingerprint), 9)] }

// atOnce keeps whether the person wants to be asked right after the password.
func (s *Surface) atOnce(r *http.Request, h idp.Holder, form url.Values) (string, error) {
	return devicesPath, s.Logins.MFA.SetAtOnce(r.Context(), h.User.ID, form.Get("at-once") == "on")
}
