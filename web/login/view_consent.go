package login

import (
	"net/http"

	"github.com/nod-idp/nod/web/page"
)

// Consent asks whether the application may have what it wants. Buttons consent-allow and consent-deny, each in a
// form of its own, state consent.
type Consent struct {
	Question
	Account  string   // who is being asked, as the person would say it
	Scopes   []string // as the application sent them; "openid" needs no words
	AllowURL string
	DenyURL  string

	// Items are the scopes in words; Show fills them in.
	Items []string
}

func (Consent) view() (string, int) { return "consent", http.StatusOK }

// inWords turns scopes into sentences. One that nobody described is shown by its own name, since hiding it would
// be worse.
func (p Consent) inWords(site *page.Site) Consent {
	p.Items = nil
	for _, scope := range p.Scopes {
		switch scope {
		case "openid":
		case "profile":
			p.Items = append(p.Items, site.Text("scope.profile"))
		case "email":
			p.Items = append(p.Items, site.Text("scope.email"))
		case "phone":
			p.Items = append(p.Items, site.Text("scope.phone"))
		case "address":
			p.Items = append(p.Items, site.Text("scope.address"))
		case "groups":
			p.Items = append(p.Items, site.Text("scope.groups"))
		case "offline_access":
			p.Items = append(p.Items, site.Text("scope.offline"))
		default:
			p.Items = append(p.Items, site.Text("scope.other", scope))
		}
	}
	if len(p.Items) == 0 {
		p.Items = []string{site.Text("scope.openid")}
	}
	return p
}
