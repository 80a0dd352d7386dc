package token

import (
	"encoding/base32"
	"encoding/hex"
	"net/url"
	"strings"
)

var secretText = base32.StdEncoding.WithPadding(base32.NoPadding)

// SecretText is a secret as authenticator apps take it typed: base32, in groups of four.
func SecretText(secret []byte) string {
	text := secretText.EncodeToString(secret)
	var groups []string
	for len(text) > 4 {
		groups, text = append(groups, text[:4]), text[4:]
	}
	return strings.Join(append(groups, text), " ")
}

// ParseSecret reads a secret as hexadecimal digits or as base32, in whatever groups it is
// printed. Digits that could be both are hexadecimal, the form of lists of hardware
// tokens. It returns ErrBadSeed for anything else.
func ParseSecret(text string) ([]byte, error) {
	text = strings.ToUpper(strings.TrimRight(strings.Join(strings.FieldsFunc(text, func(r rune) bool {
		return r == ' ' || r == '-' || r == ':'
	}), ""), "="))
	secret, err := hex.DecodeString(text)
	if err != nil {
		secret, err = secretText.DecodeString(text)
	}
	if err != nil || len(secret) == 0 {
		return nil, ErrBadSeed
	}
	return secret, nil
}

// URI is what the QR code for an authenticator app says, in the form that all of them
// read. Parameters that are the usual ones are spelled out, since a few apps ask.
func URI(issuer, account string, secret []byte) string {
	issuer = strings.ReplaceAll(issuer, ":", " ") // the colon divides issuer and account
	label := url.PathEscape(issuer) + ":" + url.PathEscape(account)
	// Several apps show a + as it is, so blanks are escaped as in a path.
	return "otpauth://totp/" + label + "?secret=" + secretText.EncodeToString(secret) + "&issuer=" + url.PathEscape(issuer) +
		"&algorithm=SHA1&digits=6&period=30"
}
