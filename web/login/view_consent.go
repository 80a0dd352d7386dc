package login

import (
	"net/http"
	"slices"
	"strings"

	"github.com/nod-idp/nod/idp/user"
	"github.com/nod-idp/nod/web/page"
)

// Consent asks whether the application may have what it wants. Buttons consent-allow and consent-deny, each in a
// form of its own, state consent.
type Consent struct {
	Question
	Account  string   // who is being asked, as the person would say it
	Scopes   []string // as the application sent them; "openid" needs no words
	Claims   []string // single claims that it wants besides
	AllowURL string
	DenyURL  string

	// Items are scopes and claims in words; Show fills them in.
	Items []string
}

func (Consent) view() (string, int) { return "consent", http.StatusOK }

// inWords turns scopes into sentences.
func (p Consent) inWords(site *page.Site) Consent {
	scopes, details := p.withClaims()
	if len(details) == 0 {
		p.Items = site.Scopes(scopes)
		return p
	}
	p.Items = []string{site.Text("scope.claim", strings.Join(claimsInWords(site, details), ", "))}
	if scopes = slices.DeleteFunc(scopes, func(scope string) bool { return scope == "openid" }); len(scopes) > 0 {
		p.Items = append(site.Scopes(scopes), p.Items...)
	}
	return p
}

// withClaims adds the scopes that say the same as a claim does, and returns the claims
// that are parts of a profile which is not wanted as a whole.
func (p Consent) withClaims() (scopes, details []string) {
	scopes = slices.Clone(p.Scopes)
	for _, claim := range p.Claims {
		scope := user.ScopeOf(claim)
		switch {
		case slices.Contains(scopes, scope):
		case scope == "profile":
			details = append(details, claim)
		default:
			scopes = append(scopes, scope)
		}
	}
	return scopes, details
}

func claimsInWords(site *page.Site, claims []string) (words []string) {
	for _, claim := range claims {
		word := claim
		switch claim {
		case "name", "given_name", "family_name", "middle_name", "nickname", "preferred_username":
			word = site.Text("claim.name")
		case "picture":
			word = site.Text("claim.picture")
		case "website", "profile":
			word = site.Text("claim.website")
		case "gender":
			word = site.Text("claim.gender")
		case "birthdate":
			word = site.Text("claim.birthdate")
		case "zoneinfo":
			word = site.Text("claim.zoneinfo")
		case "locale":
			word = site.Text("claim.locale")
		case "updated_at":
			word = site.Text("claim.updated")
		}
		if !slices.Contains(words, word) {
			words = append(words, word)
		}
	}
	return words
}
