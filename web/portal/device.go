package portal

import (
	"errors"
	"net/http"
	"net/url"

	"github.com/nod-idp/nod/devices"
	"github.com/nod-idp/nod/idp"
)

// Device is the page of one device. Buttons rename, push-set, snooze-1h,
// snooze-8h, snooze-24h, snooze-end, resume; links suspend and
// remove lead to a question. State device.
type Device struct {
	Frame
	Name      string
	Kind      string
	Means     string
	Push      Push
	PushOn    bool
	Snoozed   bool
	Forbidden bool // the switch is the administrator's
	Suspended bool
	Added     Moment
	Used      Moment
	Key       string

	BadName     bool
	RenameURL   string
	RenameToken string
	PushURL     string
	PushToken   string
	SnoozeURL   string
	SnoozeToken string
	ResumeURL   string
	ResumeToken string
	SuspendURL  string
	RemoveURL   string
	BackURL     string
}

// End asks whether a device is to be suspended or removed. Button end-device, box
// elsewhere. State end.
type End struct {
	Frame
	Name    string
	Remove  bool // and not only suspend
	Last    bool // nothing could approve afterwards
	Action  string
	Token   string
	BackURL string
}

// device shows one device, or the question before something is done to it that cannot
// be undone from here.
func (s *Surface) device(w http.ResponseWriter, r *http.Request, h idp.Holder) error {
	d, err := s.find(r.Context(), h, r.PathValue("device"))
	if err != nil {
		return err
	}
	query := r.URL.Query()
	switch {
	case query.Has("remove"):
		return s.askEnd(w, r, h, d, true)
	case query.Has("suspend") && d.State == devices.Active:
		return s.askEnd(w, r, h, d, false)
	}
	push, err := s.pushOf(r.Context(), d)
	if err != nil {
		return err
	}
	path := devicesPath + "/" + d.ID
	return s.set.Render(w, http.StatusOK, "device", Device{
		Frame: framed(sectionDevices), Name: d.Name, Kind: s.kind(d.Kind), Means: s.means(d), Push: push, PushOn: d.PushOn,
		Forbidden: d.PushForbidden, Suspended: d.State == devices.Suspended, Added: day(d.ActivatedAt), Used: s.ago(d.SeenAt), Key: d.Fingerprint(),
		BadName:   query.Has("name"),
		RenameURL: path + "/rename", RenameToken: s.formOf(h, "rename", d.ID),
		PushURL: path + "/push", PushToken: s.formOf(h, "push", d.ID),
		Snoozed: d.Snoozed(s.now()), SnoozeURL: path + "/snooze", SnoozeToken: s.formOf(h, "snooze", d.ID),
		ResumeURL: path + "/resume", ResumeToken: s.formOf(h, "resume", d.ID),
		SuspendURL: path + "?suspend", RemoveURL: path + "?remove", BackURL: devicesPath,
	})
}

func (s *Surface) askEnd(w http.ResponseWriter, r *http.Request, h idp.Holder, d devices.Device, remove bool) error {
	active, err := s.Logins.Devices.Active(r.Context(), h.User.ID)
	if err != nil {
		return err
	}
	view := End{
		Frame: framed(sectionDevices), Name: d.Name, Remove: remove, BackURL: devicesPath + "/" + d.ID,
		Last:   d.State == devices.Active && len(active) == 1,
		Action: devicesPath + "/" + d.ID + "/suspend", Token: s.formOf(h, "suspend", d.ID),
	}
	if remove {
		view.Action, view.Token = devicesPath+"/"+d.ID+"/remove", s.formOf(h, "remove", d.ID)
	}
	return s.set.Render(w, http.StatusOK, "end", view)
}

func (s *Surface) rename(r *http.Request, h idp.Holder, form url.Values) (string, error) {
	id := r.PathValue("device")
	if _, err := s.find(r.Context(), h, id); err != nil {
		return "", err
	}
	err := s.Logins.Devices.Rename(asPerson(r, h), h.User.ID, id, form.Get("name"))
	if errors.Is(err, devices.ErrBadName) {
		return devicesPath + "/" + id + "?name", nil
	}
	return devicesPath + "/" + id, err
}

func (s *Surface) push(r *http.Request, h idp.Holder, form url.Values) (string, error) {
	id := r.PathValue("device")
	on := form.Get("push-set") == "on"
	return devicesPath + "/" + id, s.Logins.Devices.SetPush(asPerson(r, h), h.User.ID, id, on)
}

func (s *Surface) suspend(r *http.Request, f idp.Fresh, form url.Values) (string, error) {
	id := r.PathValue("device")
	return devicesPath + "/" + id, s.Logins.SuspendDevice(r.Context(), f, id, elsewhere(form))
}

func (s *Surface) resume(r *http.Request, f idp.Fresh, _ url.Values) (string, error) {
	id := r.PathValue("device")
	return devicesPath + "/" + id, s.Logins.ResumeDevice(r.Context(), f, id)
}

func (s *Surface) remove(r *http.Request, f idp.Fresh, form url.Values) (string, error) {
	id := r.PathValue("device")
	if _, err := s.find(r.Context(), f.Holder, id); err != nil {
		return "", err // one that is still being enrolled is refused, and not removed
	}
	return devicesPath, s.Logins.RemoveDevice(r.Context(), f, id, elsewhere(form))
}

// elsewhere reads the box that asks whether to sign out everywhere else.
func elsewhere(form url.Values) idp.Elsewhere { return idp.Elsewhere(form.Get("elsewhere") != "") }
