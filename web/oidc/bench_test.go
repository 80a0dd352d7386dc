package oidc_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/nod-idp/nod/idp/session"
	"github.com/nod-idp/nod/internal/db"
	"github.com/nod-idp/nod/internal/db/dbtest"
)

// benchmark runs requests against the whole handler, without the network.
func benchmark(b *testing.B, prepare func(b *testing.B, w *world) func() *http.Request) {
	for name, open := range map[string]func(testing.TB) *db.DB{"sqlite": dbtest.SQLite, "postgres": dbtest.Postgres} {
		b.Run(name, func(b *testing.B) {
			w := newWorld(b, open(b))
			next := prepare(b, w)
			b.ReportAllocs()
			b.ResetTimer()
			b.SetParallelism(16)
			b.RunParallel(func(pb *testing.PB) {
				for pb.Next() {
					rec := httptest.NewRecorder()
					if w.handler.ServeHTTP(rec, next()); rec.Code != http.StatusOK {
						b.Errorf("got %d %s", rec.Code, rec.Body)
					}
				}
			})
		})
	}
}

func (w *world) form(path string, values url.Values) *http.Request {
	r := httptest.NewRequest(http.MethodPost, path, strings.NewReader(values.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.SetBasicAuth("app", w.secret)
	return r
}

func BenchmarkTokenByCode(b *testing.B) {
	benchmark(b, func(b *testing.B, w *world) func() *http.Request {
		w.get("/authorize", ask())
		people := make([]session.Session, 64)
		for i := range people {
			w.signIn()
			people[i] = w.session
		}
		codes := make(chan string, b.N)
		for i := range b.N {
			w.session = people[i%len(people)]
			codes <- w.code(w.logins.request)
		}
		return func() *http.Request { return w.form("/oauth/token", exchange(<-codes)) }
	})
}

func BenchmarkIntrospection(b *testing.B) {
	benchmark(b, func(b *testing.B, w *world) func() *http.Request {
		access := url.Values{"token": {w.signedIn()["access_token"].(string)}}
		return func() *http.Request { return w.form("/oauth/introspect", access) }
	})
}

func BenchmarkUserInfo(b *testing.B) {
	benchmark(b, func(b *testing.B, w *world) func() *http.Request {
		bearer := "Bearer " + w.signedIn()["access_token"].(string)
		return func() *http.Request {
			r := httptest.NewRequest(http.MethodGet, "/oauth/userinfo", nil)
			r.Header.Set("Authorization", bearer)
			return r
		}
	})
}

func BenchmarkDiscovery(b *testing.B) {
	benchmark(b, func(*testing.B, *world) func() *http.Request {
		return func() *http.Request {
			return httptest.NewRequest(http.MethodGet, "/.well-known/openid-configuration", nil)
		}
	})
}
