package ciba

import (
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/nod-idp/nod/devices/protocol"
)

// maxMessage is how many characters of a binding_message fit a screen at one glance.
const maxMessage = 64

// ValidMessage reports whether a binding_message can be shown on a device as it is: short,
// and plain text without anything that misleads the eye (OpenID Connect CIBA Core 1.0,
// section 7.1).
func ValidMessage(message string) bool {
	unseen := func(r rune) bool { return unicode.Is(unicode.Cf, r) }
	return utf8.ValidString(message) && !strings.ContainsFunc(message, unseen) && utf8.RuneCountInString(message) <= maxMessage &&
		protocol.Context{Message: message}.Clean().Message == message
}

// tokenForm is a bearer token (RFC 6750, section 2.1) of 128 bits at least, with 6 bits a
// character.
var tokenForm = regexp.MustCompile(`^[A-Za-z0-9._~+/-]{22,}=*$`)

// maxToken is how long a client_notification_token may be (OpenID Connect CIBA Core 1.0,
// section 7.1).
const maxToken = 1024

// ValidNotificationToken reports whether a client can be called back with this token.
func ValidNotificationToken(token string) bool {
	return len(token) <= maxToken && tokenForm.MatchString(token)
}
