package protocol

import (
	"strings"
	"testing"
)

// The key of the examples in RFC 9449, and its thumbprint in section 6.1.
const (
	rfc9449Key        = `{"kty":"EC","x":"l8tFrhx-34tV3hRICRDY9zCkDlpBhF42UQUfWVAWBFs","y":"9VE4jf_Ok_o64zbTTlcuNJajHmt6v9TDVrU0CdvGRDA","crv":"P-256"}`
	rfc9449Thumbprint = "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I"
)

func TestThumbprintOfTheKeyInRFC9449(t *testing.T) {
	key, err := ParseKey([]byte(rfc9449Key))
	if err != nil {
		t.Fatal(err)
	}
	if got, err := Thumbprint(key); err != nil || got != rfc9449Thumbprint {
		t.Errorf("got %s (%v), want %s", got, err, rfc9449Thumbprint)
	}
}

func TestKeysSurviveARoundTrip(t *testing.T) {
	key := newKey(t)
	parsed, err := ParseKey([]byte(publicJWK(t, key)))
	if err != nil || !parsed.Equal(&key.PublicKey) {
		t.Errorf("got %v (%v), want %v", parsed, err, key.PublicKey)
	}
}

func TestParseKeyRefusesEverythingButABareP256Key(t *testing.T) {
	for name, jwk := range map[string]string{
		"a point off the curve": strings.Replace(rfc9449Key, "9VE4", "9VE5", 1),
		"the point at infinity": `{"kty":"EC","crv":"P-256","x":"` + strings.Repeat("A", 43) + `","y":"` + strings.Repeat("A", 43) + `"}`,
		"a short coordinate":    strings.Replace(rfc9449Key, "BFs", "", 1),
		"no y":                  `{"kty":"EC","crv":"P-256","x":"l8tFrhx-34tV3hRICRDY9zCkDlpBhF42UQUfWVAWBFs","z":""}`,
		"another curve":         strings.Replace(rfc9449Key, "P-256", "P-521", 1),
		"another type":          strings.Replace(rfc9449Key, `"EC"`, `"OKP"`, 1),
		"a private part":        strings.Replace(rfc9449Key, "{", `{"d":"AA",`, 1),
		"a key id":              strings.Replace(rfc9449Key, "{", `{"kid":"1",`, 1),
		"a repeated member":     strings.Replace(rfc9449Key, "{", `{"crv":"P-256",`, 1),
		"stray bits":            strings.Replace(rfc9449Key, "GRDA", "GRDB", 1),
		"nothing":               "",
		"null":                  "null",
	} {
		if _, err := ParseKey([]byte(jwk)); err == nil {
			t.Errorf("%s: got no error", name)
		}
	}
}

func TestFingerprintsAreShortAndUnambiguous(t *testing.T) {
	first, err := Fingerprint(&newKey(t).PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	second, err := Fingerprint(&newKey(t).PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	if first == second {
		t.Errorf("two keys have the fingerprint %s", first)
	}
	groups := strings.Split(first, "-")
	if len(groups) != FingerprintGroups {
		t.Errorf("got %s, want %d groups", first, FingerprintGroups)
	}
	for _, group := range groups {
		if len(group) != FingerprintGroupSize || strings.Trim(group, FingerprintAlphabet) != "" {
			t.Errorf("got group %q, want %d characters of %s", group, FingerprintGroupSize, FingerprintAlphabet)
		}
	}
}
