package user_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/nod-idp/nod/idp/user"
)

func TestEveryClaimIsSetFromTextAndReturnedForItsScope(t *testing.T) {
	u := user.User{ID: "usr_1", Name: "alice", UpdatedAt: time.UnixMilli(1_800_000_000_999)}
	values := map[string]string{
		"name": "Alice Smith", "given_name": "Alice", "family_name": "Smith", "middle_name": "B.", "nickname": "Al",
		"preferred_username": "asmith", "profile": "https://example.com/alice", "picture": "https://example.com/alice.png",
		"website": "http://alice.example", "email": "alice@example.com", "email_verified": "true", "gender": "female",
		"birthdate": "0000-02-29", "zoneinfo": "Europe/Paris", "locale": "en-US", "phone_number": "+1 (425) 555-1212",
		"phone_number_verified": "true", "address_formatted": "1 Main St\r\nParis", "address_street_address": "1 Main St",
		"address_locality": "Paris", "address_region": "IDF", "address_postal_code": "75001", "address_country": "France",
	}
	names := user.ClaimNames()
	if len(names) != len(values) {
		t.Errorf("got %d names of claims, want %d", len(names), len(values))
	}
	for _, name := range names {
		if err := u.Claims.Put(name, values[name]); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := u.Claims.Validate(); err != nil {
		t.Error(err)
	}
	for scopes, want := range map[string]string{
		"openid":       `{"sub":"usr_1"}`,
		"openid email": `{"email":"alice@example.com","email_verified":true,"sub":"usr_1"}`,
		"openid phone": `{"phone_number":"+1 (425) 555-1212","phone_number_verified":true,"sub":"usr_1"}`,
		"openid address": `{"address":{"formatted":"1 Main St\r\nParis","street_address":"1 Main St","locality":"Paris",` +
			`"region":"IDF","postal_code":"75001","country":"France"},"sub":"usr_1"}`,
		"openid profile": `{"birthdate":"0000-02-29","family_name":"Smith","gender":"female","given_name":"Alice","locale":"en-US",` +
			`"middle_name":"B.","name":"Alice Smith","nickname":"Al","picture":"https://example.com/alice.png","preferred_username":"asmith",` +
			`"profile":"https://example.com/alice","sub":"usr_1","updated_at":1800000000,"website":"http://alice.example","zoneinfo":"Europe/Paris"}`,
	} {
		got, err := json.Marshal(u.ClaimsFor(strings.Fields(scopes)))
		if err != nil || string(got) != want {
			t.Errorf("%s: got %s, %v, want %s", scopes, got, err, want)
		}
	}
}

func TestClaimsWithoutAValueAreLeftOut(t *testing.T) {
	u := user.User{ID: "usr_1", Name: "alice", UpdatedAt: time.Unix(1_800_000_000, 0)}
	got, err := json.Marshal(u.ClaimsFor([]string{"openid", "profile", "email", "phone", "address", "unknown"}))
	if want := `{"preferred_username":"alice","sub":"usr_1","updated_at":1800000000}`; err != nil || string(got) != want {
		t.Errorf("got %s, %v, want %s", got, err, want)
	}
	u.Claims.Email = "alice@example.com"
	got, err = json.Marshal(u.ClaimsFor([]string{"email"}))
	if want := `{"email":"alice@example.com","email_verified":false,"sub":"usr_1"}`; err != nil || string(got) != want {
		t.Errorf("got %s, %v, want %s", got, err, want)
	}
	if u.DisplayName() != "alice" {
		t.Errorf("without a full name: got %q", u.DisplayName())
	}
}

func TestAClaimThatTheStandardDoesNotAllowIsRefused(t *testing.T) {
	for _, row := range []struct{ name, value string }{
		{"birthdate", "1990-02-30"}, {"birthdate", "90-01-01"}, {"birthdate", "1990-1-1"}, {"birthdate", "01.01.1990"}, {"birthdate", "19900"},
		{"zoneinfo", "Europe/Atlantis"}, {"zoneinfo", "Local"}, {"zoneinfo", "../etc/passwd"}, {"zoneinfo", "CET+1x"},
		{"locale", "english"}, {"locale", "en_US"}, {"locale", "xx-"}, {"locale", "e"},
		{"email", "alice"}, {"email", "alice@"}, {"email", "Alice <alice@example.com>"}, {"email", "a@b, c@d"}, {"email", "a b@example.com"},
		{"email", "alice@example.com\n"}, {"email", "alice\u200b@example.com"}, {"email", strings.Repeat("a", 250) + "@example.com"},
		{"profile", "javascript:alert(1)"}, {"picture", "data:image/png;base64,AA"}, {"website", "example.com"}, {"website", "https:///x"},
		{"name", "a\nb"}, {"name", " a"}, {"name", "\xff"}, {"nickname", strings.Repeat("a", 1025)}, {"address_formatted", "a\x00b"},
		{"address_country", "a\nb"}, {"email_verified", "yes, surely"}, {"phone_number_verified", "2"}, {"sub", "usr_2"}, {"updated_at", "0"}, {"Name", "x"},
	} {
		var c user.Claims
		err := c.Put(row.name, row.value)
		var invalid *user.InvalidError
		if !errors.As(err, &invalid) || invalid.Allowed == "" || !strings.Contains(err.Error(), invalid.Allowed) {
			t.Errorf("%s=%.30q: got %v, want an InvalidError", row.name, row.value, err)
		}
	}
	for says, c := range map[string]user.Claims{
		"a verified address that is not there":     {EmailVerified: true},
		"a verified number that is not there":      {PhoneVerified: true},
		"a verified number that is not E.164":      {PhoneNumber: "555-1212", PhoneVerified: true},
		"a birthdate that never was, read from it": {Birthdate: "x"},
	} {
		if err := c.Validate(); err == nil {
			t.Errorf("%s: got no refusal", says)
		}
	}
}

func TestANewAddressIsNotVerified(t *testing.T) {
	c := user.Claims{Email: "a@example.com", EmailVerified: true, PhoneNumber: "+33 1 23 45 67 89", PhoneVerified: true}
	for _, put := range [][2]string{{"email", "a@example.com"}, {"phone_number", "+33 1 23 45 67 89"}} {
		if err := c.Put(put[0], put[1]); err != nil || !c.EmailVerified || !c.PhoneVerified {
			t.Errorf("the same again: got %+v, %v", c, err)
		}
	}
	for _, put := range [][2]string{{"email", "b@example.com"}, {"phone_number", ""}} {
		if err := c.Put(put[0], put[1]); err != nil {
			t.Error(err)
		}
	}
	if c.EmailVerified || c.PhoneVerified {
		t.Errorf("another one: got %+v, want neither verified", c)
	}
}
