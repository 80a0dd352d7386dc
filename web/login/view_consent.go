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

// inWords turns scopes into sentences.
func (p Consent) inWords(site *page.Site) Consent {
	p.Items = site.Scopes(p.Scopes)
	return p
}
