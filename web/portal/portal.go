// Package portal is the person's own pages under /account/. It owns how they look
// and the way from a form to a change. Who may change what is decided by idp and
// devices.
package portal

import (
	"context"
	"crypto/hmac"
	"embed"
	"errors"
	"fmt"
	"net/http"

	"github.com/nod-idp/nod/devices"
	"github.com/nod-idp/nod/devices/protocol"
	"github.com/nod-idp/nod/idp"
	"github.com/nod-idp/nod/internal/audit"
	"github.com/nod-idp/nod/web/cookie"
	"github.com/nod-idp/nod/web/guard"
	"github.com/nod-idp/nod/web/page"
)

//go:embed templates/*.html
var templateFiles embed.FS

// Home is the address of the person's own pages.
const Home = "/account/"

// Where a decision about a device leads. These pages say nothing about anybody, so
// they need no session: once the device is confirmed, the password alone is not
// enough for the others any more.
const (
	confirmedPath = Home + "device-confirmed"
	refusedPath   = Home + "device-refused"
)

// Surface answers the person's own pages.
type Surface struct {
	Logins *idp.Service
	Jar    cookie.Jar

	site *page.Site
	set  *page.Set
}

// New prepares the pages.
func New(site *page.Site, logins *idp.Service, jar cookie.Jar) (*Surface, error) {
	set, err := site.Set(templateFiles)
	if err != nil {
		return nil, fmt.Errorf("prepare account pages: %w", err)
	}
	return &Surface{Logins: logins, Jar: jar, site: site, set: set}, nil
}

// Register adds the surface's routes.
func (s *Surface) Register(b *guard.Browser) {
	b.Handle("GET "+Home+"{$}", s.home)
	b.Handle("POST "+Home+"devices/{enrolment}/confirm", s.decide((*devices.Devices).Confirm, confirmedPath))
	b.Handle("POST "+Home+"devices/{enrolment}/refuse", s.decide((*devices.Devices).Refuse, refusedPath))
	b.Handle("GET "+confirmedPath, s.static("confirmed"))
	b.Handle("GET "+refusedPath, s.static("refused"))
}

// verdict is what can be done with a device that waits.
type verdict func(d *devices.Devices, ctx context.Context, userID, enrolmentID string) error

// Overview is the page when no device waits.
type Overview struct {
	page.Frame
	Account string
	Devices []string
}

// Plain is a page that is the same for everybody: what became of a decision.
type Plain struct{ page.Frame }

func (s *Surface) static(name string) guard.Handler {
	return func(w http.ResponseWriter, _ *http.Request) error {
		return s.set.Render(w, http.StatusOK, name, Plain{})
	}
}

// home asks about a device that waits, or shows what there is.
func (s *Surface) home(w http.ResponseWriter, r *http.Request) error {
	h, err := s.Logins.ConfirmHolder(r.Context(), s.Jar.Browser(r))
	if errors.Is(err, idp.ErrSignIn) {
		return s.signIn(w, r)
	}
	if err != nil {
		return err
	}
	waiting, err := s.Logins.Waiting(r.Context(), h)
	if err != nil {
		return err
	}
	if len(waiting) == 0 {
		return s.overview(w, r, h.Holder)
	}
	first := waiting[0]
	path := Home + "devices/" + first.EnrolmentID
	return s.site.ConfirmDevice(w, page.ConfirmDevice{
		Token: s.Logins.FormOf(h.Holder, first.EnrolmentID), ConfirmURL: path + "/confirm", RefuseURL: path + "/refuse",
		Name: first.DeviceName, Kind: s.kind(first.Kind), Fingerprint: first.Fingerprint, Account: h.User.Name,
	})
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

func (s *Surface) overview(w http.ResponseWriter, r *http.Request, h idp.Holder) error {
	all, err := s.Logins.Devices.Active(r.Context(), h.User.ID)
	if err != nil {
		return err
	}
	view := Overview{Account: h.User.Name}
	for _, d := range all {
		view.Devices = append(view.Devices, d.Name)
	}
	return s.set.Render(w, http.StatusOK, "overview", view)
}

// signIn begins a login to these pages.
func (s *Surface) signIn(w http.ResponseWriter, r *http.Request) error {
	begun, err := s.Logins.BeginAccount(r.Context(), s.Jar.Browser(r), idp.AccountPage{})
	if err != nil {
		return err
	}
	s.Jar.BindLogin(w, begun.LoginToken)
	http.Redirect(w, r, "/login/"+begun.LoginID, http.StatusSeeOther)
	return nil
}

// decide carries the person's decision about a device to devices.
func (s *Surface) decide(verdict verdict, next string) guard.Handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		values, err := guard.PostForm(r)
		if err != nil {
			return err
		}
		h, err := s.Logins.ConfirmHolder(r.Context(), s.Jar.Browser(r))
		if errors.Is(err, idp.ErrSignIn) {
			return s.signIn(w, r)
		}
		if err != nil {
			return err
		}
		id := r.PathValue("enrolment")
		if !hmac.Equal([]byte(values.Get("form_token")), []byte(s.Logins.FormOf(h.Holder, id))) {
			return guard.Problem{Status: http.StatusForbidden, Code: "stale_form"}
		}
		ctx := audit.As(r.Context(), "user:"+h.User.ID)
		if err := verdict(s.Logins.Devices, ctx, h.User.ID, id); err != nil && !errors.Is(err, devices.ErrNotWaiting) {
			return err
		}
		http.Redirect(w, r, next, http.StatusSeeOther)
		return nil
	}
}
