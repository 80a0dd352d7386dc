package oidc

import (
	"testing"
	"time"

	"github.com/nod-idp/nod/idp/client"
	"github.com/nod-idp/nod/internal/jws"
)

// FuzzRequestObject: whatever a client signed, what comes out of it holds nothing about
// the object itself, and what is taken is this client's, for this issuer, and good now.
func FuzzRequestObject(f *testing.F) {
	f.Add(`{"iss":"app","aud":["https://id.example"],"exp":1800000300,"scope":"openid","max_age":5,"claims":{"userinfo":{"email":null}},"resource":["a","b"]}`)
	f.Add(`{"iss":"app","aud":"https://id.example","exp":1e300,"nbf":-1e300,"prompt":null}`)
	f.Add(`{"ISS":"app","aud":"https://id.example","EXP":1800000300}`)
	f.Add(`{"iss":"app","aud":{},"exp":"1","request":"x","a":[],"b":[1],"":" "}`)
	s, c, now := &Surface{Issuer: "https://id.example"}, client.Client{ID: "app"}, time.Unix(1_800_000_000, 0)
	f.Fuzz(func(t *testing.T, payload string) {
		members, err := jws.Object([]byte(payload))
		if err != nil {
			return
		}
		inside, err := parametersIn(members)
		if err == nil {
			for _, name := range about {
				if inside.Has(name) {
					t.Fatalf("%s became a parameter", name)
				}
			}
			for name, values := range inside {
				if len(values) == 0 {
					t.Fatalf("%q has no value", name)
				}
			}
		}
		if s.checkObject(c, members, now) != nil {
			return
		}
		for _, name := range []string{"iss", "aud", "exp"} {
			if _, there := members[name]; !there {
				t.Fatalf("accepted without %s", name)
			}
		}
		for _, name := range []string{"sub", "request", "request_uri"} {
			if _, there := members[name]; there {
				t.Fatalf("accepted with %s", name)
			}
		}
	})
}

// FuzzUnsigned: a header that says none is seen whatever surrounds it.
func FuzzUnsigned(f *testing.F) {
	f.Add("eyJhbGciOiJub25lIn0.e30.")
	f.Add("eyJhbGciOiJSUzI1NiJ9.e30.x")
	f.Add("..")
	f.Fuzz(func(t *testing.T, text string) {
		if _, err := jws.Parse(text, jws.Algorithms()); err == nil && unsigned(text) {
			t.Fatalf("%q is unsigned and was read all the same", text)
		}
	})
}
