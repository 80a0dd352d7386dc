// Package portal is the person's own pages under /account/: their devices, what
// happened, where they are signed in, and their password. It owns how these look and
// the way from a form to a change. Who may read and change what is decided by idp and
// devices.
//
// Words: a view is the struct of one page. A form's purpose is what it changes, and of
// what; its token is good for that and for one session.
package portal

import (
	"embed"
	"fmt"
	"io/fs"
	"net/http"
	"time"

	"github.com/nod-idp/nod/idp"
	"github.com/nod-idp/nod/web/cookie"
	"github.com/nod-idp/nod/web/guard"
	"github.com/nod-idp/nod/web/page"
)

//go:embed templates/*.html
var templateFiles embed.FS

//go:embed static
var staticFiles embed.FS

// Static is the folder of this surface's style sheets and scripts, for page.New.
func Static() fs.FS { return page.Folder(staticFiles) }

// Surface answers the person's own pages.
type Surface struct {
	Logins  *idp.Service
	Jar     cookie.Jar
	Streams *guard.Streams
	Now     func() time.Time // nil means time.Now

	site *page.Site
	set  *page.Set
}

// New prepares the pages. The site must have been made with Static.
func New(site *page.Site, s Surface) (*Surface, error) {
	set, err := site.Set(templateFiles)
	if err != nil {
		return nil, fmt.Errorf("prepare account pages: %w", err)
	}
	s.site, s.set = site, set
	return &s, nil
}

// Register adds the surface's routes.
func (s *Surface) Register(b *guard.Browser) {
	b.Handle("GET "+Home+"{$}", s.home)

	b.Handle("GET "+devicesPath, s.reading(idp.AccountDevices, s.devices))
	b.Handle("POST "+atOncePath, s.posting(idp.AccountDevices, "at once", s.atOnce))
	b.Handle("GET "+devicesPath+"/{device}", s.reading(idp.AccountDevice, s.device))
	b.Handle("POST "+devicesPath+"/{device}/rename", s.posting(idp.AccountDevice, "rename", s.rename))
	b.Handle("POST "+devicesPath+"/{device}/push", s.posting(idp.AccountDevice, "push", s.push))
	b.Handle("POST "+devicesPath+"/{device}/snooze", s.posting(idp.AccountDevice, "snooze", s.snooze))
	b.Handle("POST "+devicesPath+"/{device}/suspend", s.changing(idp.AccountDevice, "suspend", s.suspend))
	b.Handle("POST "+devicesPath+"/{device}/resume", s.changing(idp.AccountDevice, "resume", s.resume))
	b.Handle("POST "+devicesPath+"/{device}/remove", s.changing(idp.AccountDevice, "remove", s.remove))

	b.Handle("GET "+addPath, s.fresh(idp.AccountAdd, s.add))
	b.Handle("POST "+addPath, s.changing(idp.AccountAdd, "add", s.addStart))
	b.Handle("GET "+addPath+"/{enrolment}", s.fresh(idp.AccountEnrolment, s.enrolment))
	b.Handle("GET "+addPath+"/{enrolment}/stream", s.stream)
	b.Handle("POST "+addPath+"/{enrolment}/withdraw", s.changing(idp.AccountEnrolment, "withdraw", s.withdraw))
	b.Handle("POST "+addPath+"/{enrolment}/confirm", s.changing(idp.AccountEnrolment, "decide", s.confirmOwn))
	b.Handle("POST "+addPath+"/{enrolment}/refuse", s.changing(idp.AccountEnrolment, "decide", s.refuseOwn))

	b.Handle("GET "+confirmPath, s.confirming)
	b.Handle("POST "+confirmPath+"/{enrolment}/confirm", s.deciding((*Surface).confirm))
	b.Handle("POST "+confirmPath+"/{enrolment}/refuse", s.deciding((*Surface).refuse))
	b.Handle("GET "+confirmedPath, s.static("confirmed"))
	b.Handle("GET "+refusedPath, s.static("refused"))

	b.Handle("GET "+addPasskeyPath, s.fresh(idp.AccountAddPasskey, s.addPasskey))
	b.Handle("POST "+addPasskeyPath, s.changing(idp.AccountAddPasskey, "add passkey", s.keepPasskey))
	b.Handle("GET "+passkeyAddedPath, s.static("passkeyadded"))
	b.Handle("GET "+passkeysPath+"/{passkey}", s.reading(idp.AccountPasskey, s.passkey))
	b.Handle("POST "+passkeysPath+"/{passkey}/rename", s.posting(idp.AccountPasskey, "rename passkey", s.renamePasskey))
	b.Handle("POST "+passkeysPath+"/{passkey}/remove", s.changing(idp.AccountPasskey, "remove passkey", s.removePasskey))

	b.Handle("GET "+activityPath, s.reading(idp.AccountActivity, s.activity))
	b.Handle("GET "+sessionsPath, s.reading(idp.AccountSessions, s.sessions))
	b.Handle("POST "+sessionsPath+"/others/end", s.posting(idp.AccountSessions, "end others", s.endOthers))
	b.Handle("POST "+sessionsPath+"/{session}/end", s.posting(idp.AccountSessions, "end", s.endOne))
	b.Handle("POST "+sessionsPath+"/disconnect", s.posting(idp.AccountSessions, "disconnect", s.disconnect))

	b.Handle("GET "+addTokenPath, s.fresh(idp.AccountAddToken, s.addToken))
	b.Handle("POST "+addTokenPath, s.changing(idp.AccountAddToken, "add token", s.beginToken))
	b.Handle("GET "+addTokenPath+"/{token}", s.fresh(idp.AccountNewToken, s.newToken))
	b.Handle("POST "+addTokenPath+"/{token}/prove", s.changing(idp.AccountNewToken, "prove token", s.proveToken))
	b.Handle("GET "+tokenAddedPath, s.static("tokenadded"))
	b.Handle("GET "+tokensPath+"/{token}", s.reading(idp.AccountToken, s.token))
	b.Handle("POST "+tokensPath+"/{token}/rename", s.posting(idp.AccountToken, "rename token", s.renameToken))
	b.Handle("POST "+tokensPath+"/{token}/remove", s.changing(idp.AccountToken, "remove token", s.removeToken))
	b.Handle("GET "+recoveryPath, s.reading(idp.AccountRecovery, s.recovery))
	b.Handle("POST "+recoveryPath, s.makeRecovery)
	b.Handle("GET "+reportsPath, s.reading(idp.AccountReports, s.reports))
	b.Handle("POST "+reportsPath+"/{report}/lift", s.changing(idp.AccountReports, "lift", s.liftReport))

	b.Handle("GET "+passwordPath, s.fresh(idp.AccountPassword, s.password))
	b.Handle("POST "+passwordPath, s.changing(idp.AccountPassword, "password", s.changePassword))
	b.Handle("GET "+changedPath, s.static("changed"))
}

// Plain is a page that is the same for everybody: what became of a decision. It says
// nothing about anybody, so it needs no session: once a device is confirmed, the
// password alone is not enough for the others any more.
type Plain struct{ Frame }

func (s *Surface) static(name string) guard.Handler {
	return func(w http.ResponseWriter, _ *http.Request) error {
		return s.set.Render(w, http.StatusOK, name, Plain{})
	}
}

// home leads to the devices.
func (s *Surface) home(w http.ResponseWriter, r *http.Request) error {
	http.Redirect(w, r, devicesPath, http.StatusSeeOther)
	return nil
}

func (s *Surface) now() time.Time {
	if s.Now == nil {
		return time.Now()
	}
	return s.Now()
}
