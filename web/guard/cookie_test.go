package guard

import (
	"net/http"
	"net/http/httptest"
	"testing"
	"time"
)

func TestACookieIsBoundToItsHost(t *testing.T) {
	w := httptest.NewRecorder()
	Cookies{Secure: true}.Set(w, "login", "abc", 15*time.Minute)
	if got, want := w.Header().Get("Set-Cookie"), "__Host-login=abc; Path=/; Max-Age=900; HttpOnly; Secure; SameSite=Lax"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	w = httptest.NewRecorder()
	Cookies{}.Set(w, "login", "abc", 0)
	if got, want := w.Header().Get("Set-Cookie"), "login=abc; Path=/; HttpOnly; SameSite=Lax"; got != want {
		t.Errorf("on http: got %q, want %q", got, want)
	}
	w = httptest.NewRecorder()
	Cookies{Secure: true}.Clear(w, "login")
	if got, want := w.Header().Get("Set-Cookie"), "__Host-login=; Path=/; Max-Age=0; HttpOnly; Secure; SameSite=Lax"; got != want {
		t.Errorf("clear: got %q, want %q", got, want)
	}
}

func TestACookieThatCameTwiceIsAbsent(t *testing.T) {
	for _, row := range []struct {
		name, header, want string
	}{
		{"once", "__Host-login=abc; other=1", "abc"},
		{"not at all", "other=1", ""},
		{"twice", "__Host-login=abc; __Host-login=planted", ""},
		{"twice the same", "__Host-login=abc; __Host-login=abc", ""},
		{"without its prefix", "login=planted", ""},
		{"with a prefix of another case", "__HOST-login=planted", ""},
		{"with its prefix once and without it too", "login=planted; __Host-login=abc", "abc"},
		{"empty", "__Host-login=", ""},
	} {
		t.Run(row.name, func(t *testing.T) {
			r := &http.Request{Header: http.Header{"Cookie": {row.header}}}
			got, found := Cookies{Secure: true}.Read(r, "login")
			if got != row.want || found != (row.want != "") {
				t.Errorf("got %q, %t, want %q", got, found, row.want)
			}
		})
	}
}
