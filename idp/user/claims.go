package user

import (
	"slices"
)

// Claims are the standard claims about a person (OpenID Connect Core 1.0, section
// 5.1) but for sub and updated_at, which the row itself tells.
type Claims struct {
	Name              string  `json:"name,omitempty"`
	GivenName         string  `json:"given_name,omitempty"`
	FamilyName        string  `json:"family_name,omitempty"`
	MiddleName        string  `json:"middle_name,omitempty"`
	Nickname          string  `json:"nickname,omitempty"`
	PreferredUsername string  `json:"preferred_username,omitempty"`
	Profile           string  `json:"profile,omitempty"`
	Picture           string  `json:"picture,omitempty"`
	Website           string  `json:"website,omitempty"`
	Email             string  `json:"email,omitempty"`
	EmailVerified     bool    `json:"email_verified,omitempty"`
	Gender            string  `json:"gender,omitempty"`
	Birthdate         string  `json:"birthdate,omitempty"`
	Zoneinfo          string  `json:"zoneinfo,omitempty"`
	Locale            string  `json:"locale,omitempty"`
	PhoneNumber       string  `json:"phone_number,omitempty"`
	PhoneVerified     bool    `json:"phone_number_verified,omitempty"`
	Address           Address `json:"address,omitzero"`
}

// Address is the claim address (OpenID Connect Core 1.0, section 5.1.1).
type Address struct {
	Formatted     string `json:"formatted,omitempty"`
	StreetAddress string `json:"street_address,omitempty"`
	Locality      string `json:"locality,omitempty"`
	Region        string `json:"region,omitempty"`
	PostalCode    string `json:"postal_code,omitempty"`
	Country       string `json:"country,omitempty"`
}

// ofScope are the claims that each scope asks for (OpenID Connect Core 1.0, section 5.4).
var ofScope = map[string][]string{
	"profile": {"name", "given_name", "family_name", "middle_name", "nickname", "preferred_username", "profile", "picture", "website",
		"gender", "birthdate", "zoneinfo", "locale", "updated_at"},
	"email":   {"email", "email_verified"},
	"phone":   {"phone_number", "phone_number_verified"},
	"address": {"address"},
}

// KnowsClaim reports whether nod can tell this claim about a person.
func KnowsClaim(name string) bool { return ScopeOf(name) != "" }

// ScopeOf is the scope that asks for a claim along with others, "" for one that nod does
// not know.
func ScopeOf(claim string) string {
	for scope, names := range ofScope {
		if slices.Contains(names, claim) {
			return scope
		}
	}
	return ""
}

// ClaimsFor returns what a client is told that was granted these scopes, and single
// claims besides (OpenID Connect Core 1.0, sections 5.4 and 5.5). A claim without a value
// is left out (section 5.3.2). sub is always there.
func (u User) ClaimsFor(scopes []string, claims ...string) map[string]any {
	all, out := u.told(), map[string]any{"sub": u.ID}
	for _, scope := range scopes {
		claims = slices.Concat(claims, ofScope[scope])
	}
	for _, name := range claims {
		if value, has := all[name]; has {
			out[name] = value
		}
	}
	return out
}

// told are all claims that have a value.
func (u User) told() map[string]any {
	c := u.Claims
	out := map[string]any{"updated_at": u.UpdatedAt.Unix(), "preferred_username": u.Name}
	for name, value := range map[string]string{
		"name": c.Name, "given_name": c.GivenName, "family_name": c.FamilyName, "middle_name": c.MiddleName, "nickname": c.Nickname,
		"preferred_username": c.PreferredUsername, "profile": c.Profile, "picture": c.Picture, "website": c.Website, "gender": c.Gender,
		"birthdate": c.Birthdate, "zoneinfo": c.Zoneinfo, "locale": c.Locale,
	} {
		if value != "" {
			out[name] = value
		}
	}
	if c.Email != "" {
		out["email"], out["email_verified"] = c.Email, c.EmailVerified
	}
	if c.PhoneNumber != "" {
		out["phone_number"], out["phone_number_verified"] = c.PhoneNumber, c.PhoneVerified
	}
	if c.Address != (Address{}) {
		out["address"] = c.Address
	}
	return out
}
