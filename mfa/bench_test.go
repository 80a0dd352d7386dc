package mfa_test

import (
	"path/filepath"
	"testing"
	"time"

	"github.com/nod-idp/nod/devices/protocol"
	"github.com/nod-idp/nod/internal/db"
)

// BenchmarkChallenge measures one whole question: created, answered with number and
// passcode, verified by the login page. Everything is durable.
func BenchmarkChallenge(b *testing.B) {
	d, err := db.Open(b.Context(), filepath.Join(b.TempDir(), "nod.db"))
	must(b, err)
	b.Cleanup(func() { _ = d.Close() })
	w := newWorld(b, d)
	p := w.phone(protocol.VerifyPlain)
	for b.Loop() {
		ask, id, passcode := w.approved(p)
		must(b, w.verify(ask, id, passcode))
		w.pass(time.Minute)
	}
}
