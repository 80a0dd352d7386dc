package client_test

import (
	"math/rand/v2"
	"net/url"
	"strings"
	"testing"

	"github.com/nod-idp/nod/idp/client"
)

// TestAMillionMutationsOfARedirectURINeverMatch is requirement 2: no change of a registered
// URI is taken for it, but the port of the two loopback addresses. The changes are the
// same in each run.
func TestAMillionMutationsOfARedirectURINeverMatch(t *testing.T) {
	registered := []string{
		"https://mail.example/callback", "https://mail.example:8443/a/b?tenant=1&x=%2F", "https://xn--bcher-kva.example/cb",
		"http://127.0.0.1/cb", "http://[::1]:8080/cb?x=1", "http://localhost:8080/cb", "com.example.app:/oauth/cb",
	}
	c := client.Client{RedirectURIs: registered}
	for _, uri := range registered {
		if !c.AllowsRedirect(uri) {
			t.Fatalf("%q is not taken as it stands", uri)
		}
	}
	r := rand.New(rand.NewPCG(2, 9700))
	tried, ports := map[string]int{}, 0
	for n := 0; n < mutations; {
		uri := registered[r.IntN(len(registered))]
		kind, mutated := "", uri
		for range 1 + r.IntN(3) {
			kind, mutated = mutate(r, mutated)
		}
		if mutated == uri {
			continue
		}
		n++
		tried[kind]++
		switch {
		case !c.AllowsRedirect(mutated):
		case sameButPort(registered, mutated):
			ports++
		default:
			t.Fatalf("%s: %q was taken for %q", kind, mutated, uri)
		}
	}
	for _, m := range mutators {
		if tried[m.kind] < mutations/100 {
			t.Errorf("%s: tried %d times alone or last, want more", m.kind, tried[m.kind])
		}
	}
	t.Logf("%d mutations; %d of them were another port of a loopback address", mutations, ports)
}

// mutators are the changes that checks of redirect URIs have been fooled by.
var mutators = []struct {
	kind   string
	change func(r *rand.Rand, uri string) string
}{
	{"user information", into("//", "user@", "user:pw@", "mail.example@", "evil.example@", "@", "%40", "127.0.0.1:80@")},
	{"another host before", into("//", "evil.example/", "evil.example?", "evil.example#", "evil.example\\", "evil.", "evil.example:80/")},
	{"another host behind", after(".evil.example", "@evil.example", ".evil.example/", "//evil.example", "\\@evil.example", "%2eevil.example")},
	{"dot segments", anywhere("..;/", "../", "/..", "/./", "..%2f", "%2e%2e/", "%2e%2e%2f", "..\\", ";/../", ".;/")},
	{"backslashes", anywhere("\\", "\\\\", "/\\", "%5c", "%5C", "\uff3c")},
	{"encoded slashes", anywhere("%2f", "%2F", "\u2044", "\u2215", "\uff0f", "//", "/")},
	{"double encoding", anywhere("%252f", "%252e", "%2540", "%25", "%2500", "%255c")},
	{"encoded characters", func(r *rand.Rand, uri string) string {
		at := r.IntN(len(uri) + 1)
		return uri[:at] + strings.ToLower(url.QueryEscape(piece(r, "/", ":", "?", "&", "=", "@"))) + uri[min(at+1, len(uri)):]
	}},
	{"upper case", func(r *rand.Rand, uri string) string {
		at := r.IntN(len(uri) + 1)
		return uri[:at] + strings.ToUpper(uri[at:min(at+1+r.IntN(5), len(uri))]) + uri[min(at+5, len(uri)):]
	}},
	{"fragments", anywhere("#", "#@evil.example", "#/callback", "%23", "#?", "\ufe5f")},
	{"queries", anywhere("?", "&", "?x=1", "&tenant=2", ";", "=", "?redirect=https://evil.example")},
	{"dots at the end of the host", after(".", "..", "%2e", "\u3002", "\uff0e", "\u2024", ".:443")},
	{"names beyond ASCII", anywhere("\u00ad", "\u212a", "xn--", "\u0131", "b\u00fccher", "\u0430", "\u2126", "\u200d", "\ufeff")},
	{"ports", after(":", ":0", ":80", ":443", ":8443", ":65536", ":080", ":+80", ":80:80", ":8080x", ":-1", ":\u0661")},
	{"white space and controls", anywhere(" ", "\t", "\n", "\r", "\r\n", "\x00", "\x0b", "\x7f", "%20", "%09", "%0d%0a", "%00", "+", "\u00a0", "\u2028")},
	{"schemes", func(r *rand.Rand, uri string) string {
		_, rest, _ := strings.Cut(uri, ":")
		return piece(r, "http:", "https:", "HTTPS:", "javascript:", "data:", "", "//", "https", "view-source:", "com.example.app:", "\x01https:") + rest
	}},
	{"other loopback addresses", func(r *rand.Rand, uri string) string {
		old := piece(r, "127.0.0.1", "[::1]", "localhost", "mail.example")
		return strings.Replace(uri, old, piece(r, "127.1", "127.0.0.2", "2130706433", "0x7f.0.0.1", "017700000001", "[::]", "[0:0:0:0:0:0:0:1]", "[::ffff:127.0.0.1]", "LOCALHOST", "0.0.0.0"), 1)
	}},
	{"wildcards and brackets", anywhere("*", "**", "[", "]", "{", "}", "<", ">", "^", "`", "|", "\"", "'", "%")},
	{"a character less", func(r *rand.Rand, uri string) string {
		at := r.IntN(len(uri) + 1)
		return uri[:at] + uri[min(at+1, len(uri)):]
	}},
	{"another character", func(r *rand.Rand, uri string) string {
		at := r.IntN(len(uri) + 1)
		return uri[:at] + string(rune(r.IntN(0x2100))) + uri[min(at+1, len(uri)):]
	}},
	{"a part twice", func(r *rand.Rand, uri string) string {
		at := r.IntN(len(uri) + 1)
		return uri[:at] + uri[at/2:]
	}},
	{"a part less", func(r *rand.Rand, uri string) string { return uri[:r.IntN(len(uri)+1)] }},
}

// mutate makes one change, and says of which kind.
func mutate(r *rand.Rand, uri string) (kind, mutated string) {
	m := mutators[r.IntN(len(mutators))]
	return m.kind, m.change(r, uri)
}

func piece(r *rand.Rand, pieces ...string) string { return pieces[r.IntN(len(pieces))] }

// anywhere puts one of the pieces somewhere.
func anywhere(pieces ...string) func(*rand.Rand, string) string {
	return func(r *rand.Rand, uri string) string {
		at := r.IntN(len(uri) + 1)
		return uri[:at] + piece(r, pieces...) + uri[at:]
	}
}

// into puts one of the pieces behind a mark, or in front of everything.
func into(mark string, pieces ...string) func(*rand.Rand, string) string {
	return func(r *rand.Rand, uri string) string {
		before, rest, found := strings.Cut(uri, mark)
		if !found {
			return piece(r, pieces...) + uri
		}
		return before + mark + piece(r, pieces...) + rest
	}
}

// after puts one of the pieces behind the host, or at the end.
func after(pieces ...string) func(*rand.Rand, string) string {
	return func(r *rand.Rand, uri string) string {
		scheme, rest, _ := strings.Cut(uri, "://")
		end := strings.IndexAny(rest, "/?#")
		if end < 0 {
			return uri + piece(r, pieces...)
		}
		return scheme + "://" + rest[:end] + piece(r, pieces...) + rest[end:]
	}
}
