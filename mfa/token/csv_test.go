package token_test

import (
	"bytes"
	"encoding/hex"
	"net/url"
	"strings"
	"testing"

	"github.com/nod-idp/nod/mfa/token"
)

func TestSecretsAreReadInEveryUsualForm(t *testing.T) {
	for _, text := range []string{
		hex.EncodeToString(seed), "3132 3334-3536:3738 3930 3132 3334 3536 3738 3930", "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ",
		"gezd gnbv gy3t qojq gezd gnbv gy3t qojq", token.SecretText(seed), "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ====",
	} {
		if got, err := token.ParseSecret(text); err != nil || !bytes.Equal(got, seed) {
			t.Errorf("%q: got %q, %v", text, got, err)
		}
	}
	for _, text := range []string{"", "=", "not a secret, is it?", "GEZDGNBVGY3TQOJ1"} {
		if got, err := token.ParseSecret(text); err == nil {
			t.Errorf("%q: got %q, want it refused", text, got)
		}
	}
}

func TestTheCodeForAnAppSaysWhatAppsExpect(t *testing.T) {
	text := token.URI("Northwind: Traders", "alice smith", seed)
	if strings.Contains(text, "+") {
		t.Errorf("%s holds a plus, which some apps show", text)
	}
	u, err := url.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	q := u.Query()
	if u.Scheme != "otpauth" || u.Host != "totp" || u.Path != "/Northwind  Traders:alice smith" || q.Get("issuer") != "Northwind  Traders" ||
		q.Get("secret") != "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ" || q.Get("algorithm") != "SHA1" || q.Get("digits") != "6" || q.Get("period") != "30" {
		t.Errorf("got %s", text)
	}
}

const secretHex = "3132333435363738393031323334353637383930"

func TestAListOfTokensIsRead(t *testing.T) {
	seeds, err := token.ReadSeeds(strings.NewReader("Serial,Secret,Counter\r\nA-1,"+secretHex+",17\n\n\"A-2\", GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ,\nA-3,"+secretHex+"\n"), token.HOTP, 8)
	if err != nil {
		t.Fatal(err)
	}
	if len(seeds) != 3 || seeds[0].Counter != 17 || seeds[1].Name != "A-2" || seeds[2].Counter != 0 || seeds[2].Digits != 8 {
		t.Errorf("got %+v", seeds)
	}
	for _, s := range seeds {
		if !bytes.Equal(s.Secret, seed) {
			t.Errorf("%s: got another secret", s.Name)
		}
	}
}

func TestEveryFaultOfAListIsToldWithItsLine(t *testing.T) {
	_, err := token.ReadSeeds(strings.NewReader("A-1,"+secretHex+",0\nA-2,secret!,0\nA-3\n,"+secretHex+"\nA-5,"+secretHex+",many\nA-1,"+secretHex+"\nA-6,abcd\n"), token.HOTP, 6)
	if err == nil {
		t.Fatal("want it refused")
	}
	for _, says := range []string{"line 2: the secret", "line 3: there are 1 columns", "line 4: the name", "line 5: the counter", "line 6: the serial stands in line 1", "line 7: the secret"} {
		if !strings.Contains(err.Error(), says) {
			t.Errorf("got %v, want it to say %q", err, says)
		}
	}
	if strings.Contains(err.Error(), secretHex) || strings.Contains(err.Error(), "secret!") {
		t.Errorf("a secret is told: %v", err)
	}
	for what, list := range map[string]string{"nothing": "", "a heading only": "serial,secret\n", "an open quote": "A-1,\"" + secretHex} {
		if _, err := token.ReadSeeds(strings.NewReader(list), token.HOTP, 6); err == nil || strings.Contains(err.Error(), secretHex) {
			t.Errorf("%s: got %v", what, err)
		}
	}
}

func FuzzAListOfTokens(f *testing.F) {
	f.Add("serial,secret,counter\nA-1," + secretHex + ",0\n")
	f.Add("\"a\"b,c\n,,,\n")
	f.Fuzz(func(t *testing.T, list string) {
		seeds, err := token.ReadSeeds(strings.NewReader(list), token.HOTP, 6)
		if err != nil && seeds != nil {
			t.Error("tokens of a list that was refused")
		}
		for _, s := range seeds {
			if s.Check() != nil {
				t.Errorf("got %+v, which cannot be a token", s.Name)
			}
		}
	})
}
