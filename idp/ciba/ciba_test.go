package ciba_test

import (
	"errors"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/nod-idp/nod/devices/protocol"
	"github.com/nod-idp/nod/idp/ciba"
	"github.com/nod-idp/nod/idp/polling"
	"github.com/nod-idp/nod/idp/token"
)

func (w *world) refused(err, want error) {
	w.t.Helper()
	if !errors.Is(err, want) {
		w.t.Errorf("got %v, want %v", err, want)
	}
}

func TestAClientAsksAPersonAndGetsTokensOnce(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		p := w.phone(protocol.VerifyPIN)
		begun := w.begins(w.bank, "Alice@Example.com", "email", "offline_access")
		_, err := w.poll(w.bank, begun)
		w.refused(err, polling.ErrPending)
		shown := p.open()[0]
		if shown.Context.Message != "Till 3 · 42.10 €" || shown.Context.ClientName != "Contoso Bank" || shown.Context.Browser != "" || shown.MatchDigits != 0 {
			t.Errorf("the device shows %+v", shown)
		}
		must(t, p.says(protocol.Approve))
		issued, err := w.poll(w.bank, begun)
		must(t, err)
		// Nobody was asked whether the client may stay connected, and it is not first party.
		if strings.Count(issued.IDToken, ".") != 2 || issued.RefreshToken != "" || !slices.Equal(issued.Scopes, []string{"openid", "email"}) {
			t.Errorf("got %+v", issued)
		}
		held, err := w.Tokens.Access(t.Context(), issued.AccessToken)
		must(t, err)
		if e := held.Evidence; held.UserID != w.alice.ID || held.SID != "" || e.ACR() != "" || !slices.Equal(e.AMR(), []string{"otp", "pin", "swk"}) || e.AuthTime().IsZero() {
			t.Errorf("got %+v with acr %q and amr %v", held, held.Evidence.ACR(), held.Evidence.AMR())
		}
		_, err = w.poll(w.bank, begun)
		w.refused(err, token.ErrInvalidGrant)
	})
}

func TestAFirstPartyClientStaysConnected(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		p := w.phone(protocol.VerifyPIN)
		begun := w.begins(w.desk, "alice", "offline_access")
		must(t, p.says(protocol.Approve))
		issued, err := w.poll(w.desk, begun)
		must(t, err)
		if issued.RefreshToken == "" {
			t.Error("got no refresh token")
		}
	})
}

func TestEachEndOfAnInquiryHasItsOwnAnswer(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		p := w.phone(protocol.VerifyPIN)
		for verdict := range map[protocol.Verdict]bool{protocol.Deny: true, protocol.Report: true} {
			begun := w.begins(w.bank, "alice")
			must(t, p.says(verdict))
			_, err := w.poll(w.bank, begun)
			w.refused(err, polling.ErrDenied)
			must(t, w.DB.Write(t.Context(), w.unlockTx))
		}
		late := w.begins(w.bank, "alice")
		_, err := w.poll(w.desk, late)
		w.refused(err, token.ErrInvalidGrant) // another client
		w.wait(late.ExpiresIn)
		_, err = w.poll(w.bank, late)
		w.refused(err, polling.ErrExpired)
		_, err = w.poll(w.bank, ciba.Begun{AuthReqID: "ncb_x"})
		w.refused(err, token.ErrInvalidGrant)

		must(t, w.DB.Write(t.Context(), w.unlockTx))
		unfetched := w.begins(w.bank, "alice")
		must(t, p.says(protocol.Approve))
		w.wait(time.Minute)
		_, err = w.poll(w.bank, unfetched) // nobody came within a minute of the approval
		w.refused(err, polling.ErrExpired)
	})
}

// "unknown_user_id is not revealed": whoever is asked about nobody waits as for anybody.
func TestAnInquiryAboutNobodyWaitsAndExpires(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.phone(protocol.VerifyPlain) // which does not make sure of its person, so it is not asked
		for _, who := range []string{"nobody", "alice"} {
			begun := w.begins(w.bank, who)
			if begun.ExpiresIn != 2*time.Minute || begun.Interval != 5*time.Second {
				t.Errorf("%s: got %+v", who, begun)
			}
			_, err := w.poll(w.bank, begun)
			w.refused(err, polling.ErrPending)
			_, err = w.poll(w.bank, begun)
			w.refused(err, polling.ErrSlowDown)
			w.wait(begun.ExpiresIn)
			_, err = w.poll(w.bank, begun)
			w.refused(err, polling.ErrExpired)
		}
	})
}

func TestADisabledPersonIsNotAskedAndGetsNothing(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		p := w.phone(protocol.VerifyPIN)
		begun := w.begins(w.bank, "alice")
		must(t, p.says(protocol.Approve))
		must(t, w.users.Disable(t.Context(), w.alice.ID))
		_, err := w.poll(w.bank, begun)
		w.refused(err, polling.ErrDenied)
		again := w.begins(w.bank, "alice")
		_, err = w.poll(w.bank, again)
		w.refused(err, polling.ErrPending)
	})
}

// "An approval counts only for the request that was signed": the message is part of it.
func TestAnApprovalOfAnotherMessageIsRefused(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		p := w.phone(protocol.VerifyPIN)
		begun := w.begins(w.bank, "alice")
		err := p.says(protocol.Approve, func(r *protocol.Request) { r.Context.Message = "Till 3 · 4.21 €" })
		w.refused(err, protocol.ErrInvalidRequest)
		err = p.says(protocol.Approve, func(r *protocol.Request) { r.Context.Message = "" })
		w.refused(err, protocol.ErrInvalidRequest)
		_, err = w.poll(w.bank, begun)
		w.refused(err, polling.ErrPending)
	})
}

// "Nothing single-use is honoured twice".
func TestOfManyPollersOneGetsTokens(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		p := w.phone(protocol.VerifyPIN)
		begun := w.begins(w.bank, "alice")
		must(t, p.says(protocol.Approve))
		var won atomic.Int32
		var all sync.WaitGroup
		for range 64 {
			all.Go(func() {
				switch _, err := w.poll(w.bank, begun); {
				case err == nil:
					won.Add(1)
				case !errors.Is(err, token.ErrInvalidGrant):
					t.Errorf("got %v", err)
				}
			})
		}
		all.Wait()
		if won.Load() != 1 {
			t.Errorf("%d pollers got tokens", won.Load())
		}
	})
}

func TestManyNodesAskOnce(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		p := w.phone(protocol.VerifyPIN)
		_, err := w.Begin(t.Context(), ciba.Ask{Client: w.bank, Scopes: []string{"openid"}, LoginHint: "alice"})
		must(t, err)
		var all sync.WaitGroup
		for range 8 {
			all.Go(func() {
				if err := w.AskDue(t.Context()); err != nil {
					t.Error(err)
				}
			})
		}
		all.Wait()
		if open := p.open(); len(open) != 1 {
			t.Errorf("the device shows %d requests", len(open))
		}
	})
}

func TestASweepForgetsOnlyWhatIsLongOver(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		begun := w.begins(w.bank, "nobody")
		w.wait(begun.ExpiresIn + 30*time.Minute)
		if n, err := w.Sweep(t.Context(), 10); n != 0 || err != nil {
			t.Errorf("got %d %v", n, err)
		}
		w.wait(time.Hour)
		if n, err := w.Sweep(t.Context(), 10); n != 1 || err != nil {
			t.Errorf("got %d %v", n, err)
		}
	})
}
