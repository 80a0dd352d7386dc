package mail_test

import (
	"strings"
	"testing"

	"github.com/nod-idp/nod/internal/mail"
)

func TestServersAreNamedByURL(t *testing.T) {
	for address, want := range map[string]mail.Server{
		"smtp://mail.example":               {Host: "mail.example", Port: 587, Security: mail.Upgraded},
		"smtp://nod%40x@mail.example:2525":  {Host: "mail.example", Port: 2525, User: "nod@x", Security: mail.Upgraded},
		"smtps://nod@mail.example/":         {Host: "mail.example", Port: 465, User: "nod", Security: mail.Encrypted},
		"smtp://localhost":                  {Host: "localhost", Port: 25, Security: mail.Plain},
		"smtp://[::1]:1025":                 {Host: "::1", Port: 1025, Security: mail.Plain},
		"smtp://127.0.0.1:1025":             {Host: "127.0.0.1", Port: 1025, Security: mail.Plain},
		"smtp://localhost.mail.example:587": {Host: "localhost.mail.example", Port: 587, Security: mail.Upgraded},
	} {
		if got, err := mail.ParseServer(address); err != nil || got != want {
			t.Errorf("%s: got %+v, %v, want %+v", address, got, err, want)
		}
	}
	for _, address := range []string{
		"", "mail.example", "mail.example:25", "http://mail.example", "smtp:", "smtp://", "smtp://mail.example:0", "smtp://mail.example:70000",
		"smtp://mail.example:", "smtp://mail.example/path", "smtp://mail.example?x", "smtp://mail.example#x", "smtp://nod:secret@mail.example",
		"smtp://a%0d%0ab@mail.example", "smtp://mail%0aexample", "smtp://unix:%2f%2fsocket", "SMTP:mail.example", "smtp://a b",
	} {
		if got, err := mail.ParseServer(address); err == nil {
			t.Errorf("%q: got %+v, want a refusal", address, got)
		}
	}
}

func FuzzParseServer(f *testing.F) {
	for _, seed := range []string{"smtp://nod@mail.example:587", "smtps://mail.example", "smtp://[::1]:25", "smtp://a%0ab@c"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, address string) {
		s, err := mail.ParseServer(address)
		if err != nil {
			return
		}
		if s.Host == "" || s.Port < 1 || s.Port > 65535 || strings.ContainsAny(s.Host+s.User, "\r\n\x00") || strings.ContainsAny(s.Host, "/ ") {
			t.Errorf("%q: got %+v", address, s)
		}
		if s.Security == mail.Plain && s.Host != "localhost" && s.Host != "::1" && !strings.HasPrefix(s.Host, "127.") && !strings.Contains(s.Host, ":") {
			t.Errorf("%q goes in the clear to %s", address, s.Host)
		}
	})
}

func FuzzAddress(f *testing.F) {
	for _, seed := range []string{"alice@example.com", "Alice <alice@example.com>", "a@b\r\nBcc: c@d", `"a"@b`, "a@b, c@d", "ä@ö.example"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if mail.CheckAddress(text) == nil && (strings.ContainsAny(text, "\r\n\x00 <>,;") || strings.Count(text, "@") != 1) {
			t.Errorf("%q passes for an address", text)
		}
		if from, err := mail.ParseFrom(text); err == nil && strings.ContainsAny(from.Name+from.Address, "\r\n\x00") {
			t.Errorf("%q passes for a sender", text)
		}
	})
}
