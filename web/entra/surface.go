// Package entra is where Microsoft Entra reaches nod as an external authentication method,
// under /entra/{tenant}: discovery and keys of each tenant's issuer, the endpoint that
// Entra sends people to, the page that asks for an enrolment code, and the form that takes
// the answer back. What Entra may ask, and what it is answered, is decided by idp/entra;
// the pages of the login in between are web/login's.
package entra

import (
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net/http"

	"github.com/nod-idp/nod/idp"
	"github.com/nod-idp/nod/idp/entra"
	"github.com/nod-idp/nod/web/cookie"
	"github.com/nod-idp/nod/web/guard"
	"github.com/nod-idp/nod/web/page"
)

//go:embed templates/*.html
var templateFiles embed.FS

//go:embed static
var staticFiles embed.FS

// Static is the folder of this surface's scripts, for page.New.
func Static() fs.FS { return page.Folder(staticFiles) }

// Surface answers Entra, and those whom it sends.
type Surface struct {
	PublicURL string
	Tenants   *entra.Tenants
	Logins    *idp.Service
	Jar       cookie.Jar
	Log       *slog.Logger
	// LoginPath is the address of a login's page.
	LoginPath func(loginID string) string

	site *page.Site
	set  *page.Set
}

// New prepares the pages. The site must have been made with Static.
func New(site *page.Site, s Surface) (*Surface, error) {
	set, err := site.Set(templateFiles)
	if err != nil {
		return nil, fmt.Errorf("prepare pages for Entra: %w", err)
	}
	s.site, s.set = site, set
	return &s, nil
}

// The patterns of the addresses. A tenant goes by its id.
const (
	below          = entra.PathPrefix + "{tenant}"
	authorizeRoute = below + entra.AuthorizePath
	arriveRoute    = below + "/arrive/{login}"
	identifyRoute  = below + "/identify/{login}"
	enrolRoute     = below + "/enrol/{login}"
	answerRoute    = below + "/answer/{login}"
)

// Exempt are the patterns that other sites may send forms to: Entra sends people by POST.
// Nothing is done but to store what came and to answer 303. It is meant for
// guard.NewBrowser.
func Exempt() []string { return []string{"POST " + authorizeRoute} }

// RegisterPages adds what browsers are sent to.
func (s *Surface) RegisterPages(b *guard.Browser) {
	b.Handle("GET "+authorizeRoute, s.probe)
	b.Handle("POST "+authorizeRoute, s.authorize)
	b.Handle("GET "+arriveRoute, s.arrive)
	b.Handle("GET "+identifyRoute, s.identify)
	b.Handle("POST "+identifyRoute, s.identifyBy)
	b.Handle("GET "+enrolRoute, s.enrol)
	b.Handle("POST "+enrolRoute, s.enrolStart)
	b.Handle("GET "+enrolRoute+"/{enrolment}", s.enrolment)
	b.Handle("POST "+enrolRoute+"/{enrolment}/confirm", s.decide((*idp.Service).ConfirmFirstDevice))
	b.Handle("POST "+enrolRoute+"/{enrolment}/refuse", s.decide((*idp.Service).RefuseFirstDevice))
	b.Handle("GET "+answerRoute, s.answer)
}

// RegisterAPI adds what Entra itself fetches.
func (s *Surface) RegisterAPI(a *guard.API) {
	everybody := &guard.CORS{}
	a.Handle("GET "+below+entra.DiscoveryPath, guard.Route{Handler: s.discovery, FromMemory: true, CORS: everybody})
	a.Handle("GET "+below+entra.JWKSPath, guard.Route{Handler: s.keys, FromMemory: true, CORS: everybody})
}

// Elsewhere is where the page of a login that Entra began goes on: to its answer, to the
// code that says who somebody is, or to a first device.
func Elsewhere(st idp.Standing) string {
	page := "/enrol/"
	switch st.Page {
	case idp.PageDone:
		page = "/answer/"
	case idp.PageIdentify:
		page = "/identify/"
	}
	return entra.PathOf(st.Login.Issuer) + page + st.Login.ID
}

// tenant is the one of the address.
func (s *Surface) tenant(r *http.Request) (entra.Tenant, error) {
	t, err := s.Tenants.Get(r.Context(), r.PathValue("tenant"))
	if errors.Is(err, entra.ErrNotFound) {
		return t, guard.NotFound(err)
	}
	return t, err
}

// startAgain is the page for whoever cannot go on here. Only Microsoft can begin anew.
func (s *Surface) startAgain(status int, why string, err error) guard.Problem {
	return guard.Problem{Status: status, Code: "start_again", Side: guard.SidePerson, Title: s.site.Text("entra.again"), Public: why, Next: s.site.Text("entra.again.next"), Err: err}
}
