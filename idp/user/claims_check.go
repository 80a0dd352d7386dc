package user

import (
	"net/mail"
	"net/url"
	"regexp"
	"strings"
	"time"
	_ "time/tzdata" // so that a zone is known or not regardless of the machine
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/language"
)

// Longest values, in bytes: an address as SMTP carries it (RFC 5321, section
// 4.5.3.1.3), and whatever else a page or a token would have to carry.
const (
	maxEmail = 254
	maxClaim = 1024
)

// Validate reports the first claim whose value the standard or nod does not allow.
func (c Claims) Validate() error {
	for _, t := range c.claimTexts() {
		if err := t.validate(); err != nil {
			return err
		}
	}
	if c.EmailVerified && c.Email == "" {
		return &InvalidError{Field: emailVerified, Value: "true", Allowed: "false, since there is no e-mail address"}
	}
	// "When true, the phone_number Claim MUST be in E.164 format" (section 5.1).
	if c.PhoneVerified && !e164.MatchString(c.PhoneNumber) {
		return &InvalidError{Field: phoneVerified, Value: "true",
			Allowed: "false, unless phone_number is international, such as +1 (425) 555-1212"}
	}
	return nil
}

func (t claimText) validate() error {
	if *t.value == "" {
		return nil
	}
	allowed, ok := t.check(*t.value)
	if !ok || len(*t.value) > maxClaim || !utf8.ValidString(*t.value) {
		return &InvalidError{Field: t.name, Value: *t.value, Allowed: allowed}
	}
	return nil
}

// e164 takes the separators that the standard's own example has, and the extension
// of RFC 3966 that it names.
var e164 = regexp.MustCompile(`^\+([ ().-]*[0-9]){7,15}(;ext=[0-9]{1,15})?$`)

func checkLine(value string) (string, bool) {
	return "one line of at most 1024 bytes without white space at the ends",
		!strings.ContainsFunc(value, unicode.IsControl) && strings.TrimSpace(value) == value
}

func checkLines(value string) (string, bool) {
	return "lines of text, at most 1024 bytes", !strings.ContainsFunc(value, func(r rune) bool {
		return unicode.IsControl(r) && r != '\n' && r != '\r'
	})
}

// checkWebAddress refuses every scheme that a client could be led to run.
func checkWebAddress(value string) (string, bool) {
	u, err := url.Parse(value)
	return "an absolute https or http URL", err == nil && (u.Scheme == "https" || u.Scheme == "http") && u.Host != ""
}

func checkEmail(value string) (string, bool) {
	a, err := mail.ParseAddress(value)
	return "an address such as alice@example.com", err == nil && a.Address == value && a.Name == "" &&
		len(value) <= maxEmail && !strings.ContainsFunc(value, unusual) && !strings.ContainsAny(value, ` "<>`)
}

// checkBirthdate takes the two forms of section 5.1: a date, whose year is 0000 if
// it is not told, or a year alone.
func checkBirthdate(value string) (string, bool) {
	layout := time.DateOnly
	if len(value) == 4 {
		layout = "2006"
	}
	_, err := time.Parse(layout, value)
	return "YYYY-MM-DD, 0000-MM-DD or YYYY", err == nil
}

func checkZone(value string) (string, bool) {
	_, err := time.LoadLocation(value)
	return "a name of the time zone database, such as Europe/Paris", err == nil && value != "Local"
}

func checkLocale(value string) (string, bool) {
	_, err := language.Parse(value)
	return "a language tag (BCP 47), such as en-US", err == nil && !strings.Contains(value, "_")
}
