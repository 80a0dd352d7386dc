package claims_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/nod-idp/nod/idp/claims"
)

func TestEveryMemberOfTheStandardIsUnderstood(t *testing.T) {
	// The example of OpenID Connect Core 1.0, section 5.5.
	r, err := claims.Parse(`{"userinfo": {"given_name": {"essential": true}, "nickname": null, "email": {"essential": true},
		"email_verified": {"essential": true}, "picture": null, "http://example.info/claims/groups": null},
		"id_token": {"auth_time": {"essential": true}, "acr": {"values": ["urn:mace:incommon:iap:silver"]}}}`)
	if err != nil {
		t.Fatal(err)
	}
	asked := r.Asked()
	if want := []string{"email", "email_verified", "given_name", "nickname", "picture"}; !slices.Equal(asked.UserInfo, want) || asked.IDToken != nil {
		t.Errorf("got %v", asked)
	}
	if !r.UserInfo["email"].Essential || r.UserInfo["nickname"].Essential {
		t.Errorf("essential was misread: %+v", r.UserInfo)
	}
	classes, essential, err := r.ACR()
	if !slices.Equal(classes, []string{"urn:mace:incommon:iap:silver"}) || essential || err != nil {
		t.Errorf("got %v, %v, %v", classes, essential, err)
	}
}

func TestWhoAndHow(t *testing.T) {
	for text, want := range map[string]struct {
		subject   string
		essential bool
		refused   bool
	}{
		`{}`: {}, `{"id_token":{"sub":{"value":"usr_1"}}}`: {subject: "usr_1"}, `{"userinfo":{"sub":{"values":["usr_1"]}}}`: {subject: "usr_1"},
		`{"id_token":{"sub":{"value":"a"}},"userinfo":{"sub":{"value":"a"}}}`: {subject: "a"},
		`{"id_token":{"sub":{"value":"a"}},"userinfo":{"sub":{"value":"b"}}}`: {refused: true},
		`{"id_token":{"sub":{"values":["a","b"]}}}`:                           {refused: true},
		`{"id_token":{"sub":{"value":7}}}`:                                    {refused: true},
		`{"id_token":{"acr":{"essential":true,"value":"x"}}}`:                 {essential: true},
		`{"id_token":{"acr":{"essential":true}}}`:                             {},
		`{"id_token":{"acr":{"value":["x"]}}}`:                                {refused: true},
		`{"id_token":{"acr":{"value":"x y"}}}`:                                {refused: true},
		`{"later":{"a":1},"id_token":{"email":{"later":true}}}`:               {},
	} {
		r, err := claims.Parse(text)
		if err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		subject, err1 := r.Subject()
		_, essential, err2 := r.ACR()
		if subject != want.subject || essential != want.essential || (err1 != nil || err2 != nil) != want.refused {
			t.Errorf("%s: got %q, %v, %v, %v", text, subject, essential, err1, err2)
		}
	}
}

func TestWhatIsNoRequestIsRefused(t *testing.T) {
	for _, text := range []string{
		``, `null`, `[]`, `"x"`, `{`, `{}{}`, `{} x`, `{"userinfo":[]}`, `{"id_token":{"email":true}}`, `{"id_token":{"email":{"essential":"yes"}}}`,
		`{"id_token":{"email":{"values":"x"}}}`, `{"userinfo":{` + strings.TrimSuffix(many(51), ",") + `}}`,
	} {
		if _, err := claims.Parse(text); err == nil {
			t.Errorf("accepted %.60s", text)
		}
	}
}

func many(n int) (text string) {
	for i := range n {
		text += `"c` + strings.Repeat("x", i) + `":null,`
	}
	return text
}

// FuzzParse: whatever is sent, what is kept are names that nod knows.
func FuzzParse(f *testing.F) {
	f.Add(`{"userinfo":{"email":null},"id_token":{"acr":{"essential":true,"values":["phr"]},"sub":{"value":"usr"}}}`)
	f.Add(`{"id_token":{"sub":{"value":null,"values":[[],{}]}}}`)
	f.Add(`{"userinfo":null,"id_token":{"":{}}}`)
	f.Fuzz(func(t *testing.T, text string) {
		r, err := claims.Parse(text)
		if err != nil {
			return
		}
		_, _ = r.Subject()
		classes, essential, _ := r.ACR()
		if essential && len(classes) == 0 {
			t.Fatal("nothing at all is essential")
		}
		if all := r.Asked().All(); !slices.IsSorted(all) || len(all) > 100 || slices.Contains(all, "sub") || slices.Contains(all, "acr") {
			t.Fatalf("got %q", all)
		}
	})
}
