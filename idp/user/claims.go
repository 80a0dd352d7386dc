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

// ClaimsFor returns what the userinfo endpoint tells a client that was granted these
// scopes (OpenID Connect Core 1.0, section 5.4). A claim without a value is left
// out (section 5.3.2). sub is always there.
func (u User) ClaimsFor(scopes []string) map[string]any {
	c := u.Claims
	out := map[string]any{"sub": u.ID}
	put := func(name, value string) {
		if value != "" {
			out[name] = value
		}
	}
	if slices.Contains(scopes, "profile") {
		put("name", c.Name)
		put("given_name", c.GivenName)
		put("family_name", c.FamilyName)
		put("middle_name", c.MiddleName)
		put("nickname", c.Nickname)
		put("preferred_username", u.Name)
		put("preferred_username", c.PreferredUsername)
		put("profile", c.Profile)
		put("picture", c.Picture)
		put("website", c.Website)
		put("gender", c.Gender)
		put("birthdate", c.Birthdate)
		put("zoneinfo", c.Zoneinfo)
		put("locale", c.Locale)
		out["updated_at"] = u.UpdatedAt.Unix()
	}
	if slices.Contains(scopes, "email") && c.Email != "" {
		out["email"], out["email_verified"] = c.Email, c.EmailVerified
	}
	if slices.Contains(scopes, "phone") && c.PhoneNumber != "" {
		out["phone_number"], out["phone_number_verified"] = c.PhoneNumber, c.PhoneVerified
	}
	if slices.Contains(scopes, "address") && c.Address != (Address{}) {
		out["address"] = c.Address
	}
	return out
}
