package ciba_test

import (
	"testing"
	"time"

	"github.com/nod-idp/nod/devices/protocol"
	"github.com/nod-idp/nod/idp/polling"
	"github.com/nod-idp/nod/internal/db"
	"github.com/nod-idp/nod/mfa"
)

// unlockTx forgets what was spent.
func (w *world) unlockTx(tx *db.Tx) error { return mfa.UnlockTx(tx, w.alice.ID) }

// browser asks as a login would.
func (w *world) browser(known string) (id string, err error) {
	return w.MFA.Start(w.t.Context(), mfa.Ask{
		UserID: w.alice.ID, LoginID: "log_1", ClientID: "mail", Browser: "b1", KnownBrowser: known,
		Context: protocol.Context{ClientName: "Mail", IP: "192.0.2.1", Browser: "Firefox"}, Demand: mfa.Demand{Factor: true},
	}, func(*db.Tx, string) error { return nil })
}

func TestAnInquiryWaitsForABrowsersRequest(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		p := w.phone(protocol.VerifyPIN)
		login, err := w.browser("")
		must(t, err)
		begun := w.begins(w.bank, "alice")
		if open := p.open(); len(open) != 1 || open[0].ID != login {
			t.Fatalf("the device shows %+v", open)
		}
		_, err = w.poll(w.bank, begun)
		w.refused(err, polling.ErrPending)
		must(t, p.says(protocol.Deny))
		w.wait(6 * time.Second)
		must(t, w.AskDue(t.Context()))
		if open := p.open(); len(open) != 1 || open[0].Client.ID != "bank" {
			t.Fatalf("the device shows %+v", open)
		}
		must(t, p.says(protocol.Approve))
		_, err = w.poll(w.bank, begun)
		must(t, err)
	})
}

func TestAKnownBrowserGoesFirstAndTheInquiryComesBack(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		p := w.phone(protocol.VerifyPIN)
		begun := w.begins(w.bank, "alice")
		if _, err := w.browser(""); err == nil {
			t.Fatal("a browser that nobody knows ended an inquiry")
		}
		login, err := w.browser("brw_1")
		must(t, err)
		if open := p.open(); len(open) != 1 || open[0].ID != login {
			t.Fatalf("the device shows %+v", open)
		}
		_, err = w.poll(w.bank, begun)
		w.refused(err, polling.ErrPending)
		must(t, p.says(protocol.Deny))
		w.wait(11 * time.Second)
		must(t, w.AskDue(t.Context()))
		must(t, p.says(protocol.Approve))
		_, err = w.poll(w.bank, begun)
		must(t, err)
	})
}

func TestEachClientHasABudgetOfItsOwn(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		p := w.phone(protocol.VerifyPIN)
		w.begins(w.bank, "alice")
		must(t, p.says(protocol.Deny))
		w.begins(w.bank, "alice") // too early after a prompt that was not approved
		if open := p.open(); len(open) != 0 {
			t.Fatalf("the device shows %+v", open)
		}
		w.begins(w.desk, "alice")
		if open := p.open(); len(open) != 1 || open[0].Client.ID != "desk" {
			t.Fatalf("the device shows %+v", open)
		}
		must(t, p.says(protocol.Deny))
		if _, err := w.browser(""); err != nil {
			t.Errorf("clients used up the budget of browsers: %v", err)
		}
	})
}

// Nothing of a browser or a password is known to be lost, so none is frozen.
func TestAReportOfAnInquiryPausesItsClientAndNothingElse(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		p := w.phone(protocol.VerifyPIN)
		w.begins(w.bank, "alice")
		must(t, p.says(protocol.Report))
		var reports, told int
		must(t, w.DB.Get(t.Context(), &reports, "SELECT count(*) FROM reports"))
		must(t, w.DB.Get(t.Context(), &told, "SELECT count(*) FROM outbox WHERE kind = 'signal'"))
		if reports != 0 || told != 1 {
			t.Errorf("got %d reports and %d signals", reports, told)
		}
		w.wait(2 * time.Hour)
		w.begins(w.bank, "alice")
		if open := p.open(); len(open) != 0 {
			t.Errorf("the client may ask again: %+v", open)
		}
		if _, err := w.browser(""); err != nil {
			t.Errorf("browsers may not ask: %v", err)
		}
	})
}
