package client_test

import (
	"strings"
	"testing"

	"github.com/nod-idp/nod/idp/client"
)

func TestARedirectURIMatchesAsAStringButForTheLoopbackPort(t *testing.T) {
	c := client.Client{RedirectURIs: []string{
		"https://mail.example/callback",
		"http://127.0.0.1/cb",
		"http://127.0.0.1:8080/with-port?x=1",
		"http://[::1]/cb",
		"http://localhost:8080/cb",
		"com.example.app:/cb",
	}}
	for _, row := range []struct {
		says, uri string
		want      bool
	}{
		{"the registered one", "https://mail.example/callback", true},
		{"any port on 127.0.0.1", "http://127.0.0.1:49152/cb", true},
		{"no port where one was registered", "http://127.0.0.1/with-port?x=1", true},
		{"another port where one was registered", "http://127.0.0.1:1/with-port?x=1", true},
		{"any port on ::1", "http://[::1]:65535/cb", true},
		{"a private scheme", "com.example.app:/cb", true},
		{"nothing", "", false},
		{"another port on localhost", "http://localhost:8081/cb", false},
		{"another port on https", "https://mail.example:8443/callback", false},
		{"the usual port written out", "https://mail.example:443/callback", false},
		{"127.0.0.1 with https", "https://127.0.0.1:8080/cb", false},
		{"an empty port", "http://127.0.0.1:/cb", false},
		{"port 0", "http://127.0.0.1:0/cb", false},
		{"a port beyond 65535", "http://127.0.0.1:65536/cb", false},
		{"a port with a leading zero", "http://127.0.0.1:080/cb", false},
		{"a port with a sign", "http://127.0.0.1:+80/cb", false},
		{"a user before the host", "http://127.0.0.1:80@evil.example/cb", false},
		{"a longer host", "http://127.0.0.1.evil.example/cb", false},
		{"a longer host behind the port", "http://127.0.0.1:80.evil.example/cb", false},
		{"a backslash behind the port", "http://127.0.0.1:80\\@evil.example/cb", false},
		{"a fragment behind the port", "http://127.0.0.1:80#@evil.example/cb", false},
		{"the path of another loopback URI", "http://[::1]:80/with-port?x=1", false},
		{"another spelling of ::1", "http://[0:0:0:0:0:0:0:1]/cb", false},
		{"another loopback address", "http://127.0.0.2/cb", false},
		{"another spelling of 127.0.0.1", "http://127.1/cb", false},
		{"another query", "http://127.0.0.1:8080/with-port?x=2", false},
		{"a trailing slash", "https://mail.example/callback/", false},
		{"a parent", "https://mail.example/x/../callback", false},
		{"a parent for Java servers", "https://mail.example/callback/..;/admin", false},
		{"an upper-case scheme", "HTTPS://mail.example/callback", false},
		{"an upper-case host", "https://MAIL.example/callback", false},
		{"a host with a dot at its end", "https://mail.example./callback", false},
		{"an encoded slash", "https://mail.example%2fcallback", false},
		{"a query more", "https://mail.example/callback?", false},
		{"a fragment more", "https://mail.example/callback#", false},
		{"a space more", "https://mail.example/callback ", false},
		{"a beginning of it", "https://mail.example/", false},
	} {
		if got := c.AllowsRedirect(row.uri); got != row.want {
			t.Errorf("%s: %q: got %v, want %v", row.says, row.uri, got, row.want)
		}
	}
}

func TestAPostLogoutURIHasNoException(t *testing.T) {
	c := client.Client{PostLogoutRedirectURIs: []string{"http://127.0.0.1/bye"}, RedirectURIs: []string{"https://mail.example/callback"}}
	for uri, want := range map[string]bool{
		"http://127.0.0.1/bye": true, "http://127.0.0.1:80/bye": false, "https://mail.example/callback": false, "": false,
	} {
		if got := c.AllowsPostLogout(uri); got != want {
			t.Errorf("%q: got %v, want %v", uri, got, want)
		}
	}
}

// sameButPort is the rule once more, written the other way round: a loopback URI is
// allowed if what is left without ":digits" is a registered one without it.
func sameButPort(registered []string, mutated string) bool {
	strip := func(uri string) string {
		for _, host := range []string{"http://127.0.0.1", "http://[::1]"} {
			if rest, ok := strings.CutPrefix(uri, host+":"); ok {
				return host + strings.TrimLeft(rest, "0123456789")
			}
		}
		return uri
	}
	for _, uri := range registered {
		if strip(uri) == strip(mutated) {
			return true
		}
	}
	return false
}

func FuzzARedirectURIIsNeverAnotherOne(f *testing.F) {
	c := client.Client{RedirectURIs: []string{"https://mail.example/callback", "http://127.0.0.1/cb"}}
	f.Add("http://127.0.0.1:80/cb")
	f.Add("https://mail.example/callback?")
	f.Fuzz(func(t *testing.T, uri string) {
		if c.AllowsRedirect(uri) && !sameButPort(c.RedirectURIs, uri) {
			t.Errorf("%q was taken for a registered URI", uri)
		}
	})
}
