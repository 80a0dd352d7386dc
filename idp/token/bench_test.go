package token_test

import (
	"testing"

	"github.com/nod-idp/nod/idp/token"
	"github.com/nod-idp/nod/internal/db"
	"github.com/nod-idp/nod/internal/db/dbtest"
)

// benchEach runs fn on both engines. Tokens run in parallel as requests do, so that
// writes which wait at the same moment share a commit.
func benchEach(b *testing.B, fn func(b *testing.B, w *world)) {
	for name, open := range map[string]func(testing.TB) *db.DB{"sqlite": dbtest.SQLite, "postgres": dbtest.Postgres} {
		b.Run(name, func(b *testing.B) { fn(b, newWorld(b, open(b))) })
	}
}

func parallel(b *testing.B, fn func()) {
	b.ReportAllocs()
	b.SetParallelism(16)
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			fn()
		}
	})
}

func BenchmarkCodeExchange(b *testing.B) {
	benchEach(b, func(b *testing.B, w *world) {
		sids := make([]string, 64)
		for i := range sids {
			must(b, w.newSession())
			sids[i] = w.session.SID
		}
		codes := make(chan string, b.N)
		for i := range b.N {
			w.session.SID = sids[i%len(sids)]
			codes <- w.issue(w.request())
		}
		b.ResetTimer()
		parallel(b, func() {
			if _, err := w.Redeem(b.Context(), w.app, <-codes, redirect, verifier, token.Asked{}); err != nil {
				b.Error(err)
			}
		})
	})
}

func BenchmarkRefresh(b *testing.B) {
	benchEach(b, func(b *testing.B, w *world) {
		families := make(chan string, 256)
		for range cap(families) {
			families <- w.signedIn().RefreshToken
		}
		b.ResetTimer()
		parallel(b, func() {
			issued, err := w.Refresh(b.Context(), w.app, <-families, nil, token.Asked{})
			if err != nil {
				b.Error(err)
			}
			families <- issued.RefreshToken
		})
	})
}

func BenchmarkAccess(b *testing.B) {
	benchEach(b, func(b *testing.B, w *world) {
		issued := w.signedIn()
		parallel(b, func() {
			if _, err := w.Access(b.Context(), issued.AccessToken); err != nil {
				b.Error(err)
			}
		})
	})
}

func BenchmarkIntrospectRefreshToken(b *testing.B) {
	benchEach(b, func(b *testing.B, w *world) {
		issued := w.signedIn()
		parallel(b, func() {
			if _, _, err := w.Introspect(b.Context(), w.app, issued.RefreshToken); err != nil {
				b.Error(err)
			}
		})
	})
}
