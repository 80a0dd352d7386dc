package mail

import (
	"errors"
	"net/mail"
	"strings"
	"unicode"
)

var errAddress = errors.New("that is not one mail address")

// CheckAddress returns an error unless text is one address, without a name.
func CheckAddress(text string) error {
	parsed, err := mail.ParseAddress(text)
	if err != nil || parsed.Address != text || parsed.Name != "" || !plainAddress(text) {
		return errAddress
	}
	return nil
}

// ParseFrom reads the sender's address, with a name before it or without, such as
// "Northwind <id@northwind.example>".
func ParseFrom(text string) (*mail.Address, error) {
	parsed, err := mail.ParseAddress(text)
	if err != nil || strings.ContainsFunc(text, unprintable) || strings.ContainsFunc(parsed.Name, unprintable) || !plainAddress(parsed.Address) {
		return nil, errAddress
	}
	return parsed, nil
}

// plainAddress refuses what RFC 5322 allows and nobody has: quoted parts, addresses of
// machines, and everything that ends a line or an SMTP command.
func plainAddress(address string) bool {
	local, host, found := strings.Cut(address, "@")
	return found && local != "" && host != "" && len(address) <= 254 && !strings.ContainsFunc(address, unprintable) &&
		!strings.ContainsAny(address, " \"<>()[]\\,;:") && !strings.Contains(host, "@")
}

func unprintable(r rune) bool { return !unicode.IsPrint(r) }
