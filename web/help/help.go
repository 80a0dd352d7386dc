// Package help is what somebody finds who has trouble signing in, under /help and /reset:
// the ways there are, and the way from a forgotten password to a new one. It owns how
// these pages look. Who gets a mail, what a code is worth and what a new password has to
// be like is decided by idp.
//
// Words: the code comes in a link, in its fragment, where no server and no log sees it; a
// script puts it into the form, and without script the person does. The ticket is the
// cookie that the code is exchanged for.
package help

import (
	"embed"
	"fmt"
	"io/fs"
	"net/http"
	"regexp"

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

// The addresses of the pages.
const (
	helpPath   = "/help"
	askPath    = "/help/password"
	sentPath   = "/help/sent"
	codePath   = "/reset"
	choosePath = "/reset/password"
	donePath   = "/reset/done"
)

// Surface answers the pages for those who cannot sign in.
type Surface struct {
	Logins *idp.Service
	Jar    cookie.Jar

	site *page.Site
	set  *page.Set
}

// New prepares the pages. The site must have been made with Static.
func New(site *page.Site, s Surface) (*Surface, error) {
	set, err := site.Set(templateFiles)
	if err != nil {
		return nil, fmt.Errorf("prepare help pages: %w", err)
	}
	s.site, s.set = site, set
	return &s, nil
}

// Register adds the surface's routes.
func (s *Surface) Register(b *guard.Browser) {
	b.Handle("GET "+helpPath, s.trouble)
	b.Handle("GET "+helpPath+"/{login}", s.trouble)
	b.Handle("POST "+askPath, s.ask)
	b.Handle("GET "+sentPath, s.plain("sent"))
	b.Handle("GET "+codePath, s.code)
	b.Handle("POST "+codePath, s.open)
	b.Handle("GET "+choosePath, s.choose)
	b.Handle("POST "+choosePath, s.change)
	b.Handle("GET "+donePath, s.plain("done"))
}

// Trouble lists the ways to sign in when the usual one does not work. Input account,
// button send-reset; state trouble.
type Trouble struct {
	page.Frame
	AskURL  string // where the form of a forgotten password is sent; "": no mail leaves here
	BackURL string // to the login that the person came from, "" if from nowhere
}

// Plain is a page that is the same for everybody: it says nothing about any account.
type Plain struct{ page.Frame }

// login is the reference of one. Anything else leads nowhere.
var login = regexp.MustCompile(`^[a-z]{3}_[a-z2-7]{26}(\.[A-Za-z0-9_-]+)?$`)

func (s *Surface) trouble(w http.ResponseWriter, r *http.Request) error {
	var view Trouble
	if s.Logins.CanReset() {
		view.AskURL = askPath
	}
	if id := r.PathValue("login"); login.MatchString(id) {
		view.BackURL = "/login/" + id
	} else if id != "" {
		return guard.NotFound(nil)
	}
	return s.set.Render(w, http.StatusOK, "trouble", view)
}

// ask takes a name or an address. The answer is one page, whatever was typed.
func (s *Surface) ask(w http.ResponseWriter, r *http.Request) error {
	form, err := guard.PostForm(r)
	if err != nil {
		return err
	}
	if !s.Logins.CanReset() {
		return guard.NotFound(nil)
	}
	if err := s.Logins.AskForReset(r.Context(), s.Jar.Browser(r), form.Get("account")); err != nil {
		return err
	}
	http.Redirect(w, r, sentPath, http.StatusSeeOther)
	return nil
}

func (s *Surface) plain(name string) guard.Handler {
	return func(w http.ResponseWriter, _ *http.Request) error {
		return s.set.Render(w, http.StatusOK, name, Plain{})
	}
}
