package user

import (
	"strconv"
	"strings"
)

// claimTexts lists every claim that has text, with its rule, in the order of the
// standard. The members of the address are written address_….
func (c *Claims) claimTexts() []claimText {
	a := &c.Address
	return []claimText{
		{"name", &c.Name, checkLine},
		{"given_name", &c.GivenName, checkLine},
		{"family_name", &c.FamilyName, checkLine},
		{"middle_name", &c.MiddleName, checkLine},
		{"nickname", &c.Nickname, checkLine},
		{"preferred_username", &c.PreferredUsername, checkLine},
		{"profile", &c.Profile, checkWebAddress},
		{"picture", &c.Picture, checkWebAddress},
		{"website", &c.Website, checkWebAddress},
		{"email", &c.Email, checkEmail},
		{"gender", &c.Gender, checkLine},
		{"birthdate", &c.Birthdate, checkBirthdate},
		{"zoneinfo", &c.Zoneinfo, checkZone},
		{"locale", &c.Locale, checkLocale},
		{"phone_number", &c.PhoneNumber, checkLine},
		{"address_formatted", &a.Formatted, checkLines},
		{"address_street_address", &a.StreetAddress, checkLines},
		{"address_locality", &a.Locality, checkLine},
		{"address_region", &a.Region, checkLine},
		{"address_postal_code", &a.PostalCode, checkLine},
		{"address_country", &a.Country, checkLine},
	}
}

type claimText struct {
	name  string
	value *string
	check func(value string) (allowed string, ok bool)
}

const (
	emailVerified = "email_verified"
	phoneVerified = "phone_number_verified"
)

// ClaimNames lists the names that Put takes.
func ClaimNames() []string {
	var names []string
	for _, t := range new(Claims).claimTexts() {
		names = append(names, t.name)
		switch t.name {
		case "email":
			names = append(names, emailVerified)
		case "phone_number":
			names = append(names, phoneVerified)
		}
	}
	return names
}

// Put sets one claim from text; "" takes it away. A new address or number is one
// that nobody has verified yet, so its flag falls; put the flag after it.
func (c *Claims) Put(name, value string) error {
	switch name {
	case emailVerified:
		return putFlag(&c.EmailVerified, name, value)
	case phoneVerified:
		return putFlag(&c.PhoneVerified, name, value)
	}
	for _, t := range c.claimTexts() {
		if t.name != name {
			continue
		}
		if *t.value == value {
			return nil
		}
		*t.value = value
		switch name {
		case "email":
			c.EmailVerified = false
		case "phone_number":
			c.PhoneVerified = false
		}
		return t.validate()
	}
	return &InvalidError{Field: "claim", Value: name, Allowed: strings.Join(ClaimNames(), ", ")}
}

func putFlag(flag *bool, name, value string) error {
	on, err := strconv.ParseBool(value)
	if err != nil && value != "" {
		return &InvalidError{Field: name, Value: value, Allowed: "true or false"}
	}
	*flag = on
	return nil
}

// changed names the claims in which two sets differ.
func (c Claims) changed(other Claims) []string {
	var names []string
	mine, theirs := c.claimTexts(), other.claimTexts()
	for i := range mine {
		if *mine[i].value != *theirs[i].value {
			names = append(names, mine[i].name)
		}
	}
	if c.EmailVerified != other.EmailVerified {
		names = append(names, emailVerified)
	}
	if c.PhoneVerified != other.PhoneVerified {
		names = append(names, phoneVerified)
	}
	return names
}
