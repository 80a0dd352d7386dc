package mfa_test

import (
	"fmt"
	"testing"

	"github.com/nod-idp/nod/devices"
	"github.com/nod-idp/nod/devices/otp"
	"github.com/nod-idp/nod/devices/protocol"
	"github.com/nod-idp/nod/internal/db/dbtest"
	"github.com/nod-idp/nod/mfa"
)

// BenchmarkChallenge creates a challenge, answers it and verifies the passcode:
// three durable commits on SQLite. In parallel there is a person for each goroutine,
// so that commits are shared as those of different people are.
func BenchmarkChallenge(b *testing.B) {
	for _, people := range []int{1, 64} {
		b.Run(fmt.Sprintf("people=%d", people), func(b *testing.B) {
			w := newWorld(b, dbtest.SQLite(b))
			phones := make(chan benchPhone, people)
			for i := range people {
				p := w.phoneOf(fmt.Sprint("usr_", i), protocol.VerifyPlain)
				phones <- benchPhone{p, fmt.Sprint("usr_", i), p.device()}
			}
			b.ReportAllocs()
			b.SetParallelism(people)
			b.ResetTimer()
			b.RunParallel(func(pb *testing.PB) {
				for pb.Next() {
					p := <-phones
					if err := p.round(b); err != nil {
						b.Error(err)
					}
					phones <- p
				}
			})
		})
	}
}

type benchPhone struct {
	*phone
	userID string
	device devices.Device
}

func (p benchPhone) round(b *testing.B) error {
	ask := p.w.ask()
	ask.UserID, ask.Browser = p.userID, p.userID
	id, err := p.w.try(ask)
	if err != nil {
		return err
	}
	view, err := p.w.View(b.Context(), ask.LoginID, id)
	if err != nil {
		return err
	}
	r, err := p.w.Open(b.Context(), p.device, id, mfa.Origin{})
	if err != nil {
		return err
	}
	shown := r.Approval(issuer, p.id, view.MatchNumber, protocol.Approve)
	hash, question := protocol.ApprovalHash(shown), protocol.Question(shown)
	passcode, err := otp.PushPasscode(p.secret(), question[:])
	if err != nil {
		return err
	}
	if _, err := p.w.Answer(b.Context(), p.device, protocol.Answer{
		Challenge: id, Verdict: protocol.Approve, Number: view.MatchNumber, Hash: hash[:], Passcode: passcode,
	}, mfa.Origin{}); err != nil {
		return err
	}
	return p.w.verify(ask, id, passcode)
}
