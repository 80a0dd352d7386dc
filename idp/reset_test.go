package idp_test

import (
	"errors"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/nod-idp/nod/devices/protocol"
	"github.com/nod-idp/nod/idp"
	"github.com/nod-idp/nod/idp/password"
	"github.com/nod-idp/nod/idp/reset"
	"github.com/nod-idp/nod/idp/user"
	"github.com/nod-idp/nod/internal/db"
	"github.com/nod-idp/nod/internal/random"
)

func TestAForgottenPasswordIsReplacedByMailAndNothingElse(t *testing.T) {
	eachPost(t, func(t *testing.T, w *post) {
		p := w.phone(w.alice)
		w.deliver()
		if m := w.server.Next(); m.To != "alice@example.com" || m.Subject != "A device was added to your Northwind account" || !strings.Contains(m.Text, "“phone”") {
			t.Errorf("of the new device: got %+v", m)
		}
		signedIn := w.visit("number").through(p, "alice")
		// Whoever asks, in whatever spelling, the mail goes to the address on record.
		code := w.mailed(" ALICE@example.com ")
		ticket := w.opened(code)
		must(t, w.sets(ticket, next))

		if _, err := w.Holder(t.Context(), signedIn.b); !errors.Is(err, idp.ErrSignIn) {
			t.Errorf("the session lives on: %v", err)
		}
		if n := w.count("SELECT count(*) FROM browsers WHERE user_id = $1", w.alice.ID); n != 0 {
			t.Errorf("%d browsers are known still", n)
		}
		v := w.visit("number")
		v.submit("alice", secret)
		v.want(idp.PageSignIn)
		v.submit("alice", next)
		v.want(idp.PageMethod) // the second factor is asked as ever
		v.passcode(p.answer(protocol.Approve, v.ask()))
		v.want(idp.PageDone)

		notices, err := w.Devices.Notices(t.Context(), p.begun.DeviceID)
		if err != nil || len(notices) != 1 || notices[0].Kind != "password_changed" {
			t.Errorf("the phone is told %+v, %v", notices, err)
		}
		w.deliver()
		got := map[string]string{}
		for range 2 {
			m := w.server.Next()
			got[m.To] = m.Subject
		}
		if got["alice@example.com"] != "Your Northwind password was changed" || got["ops@northwind.example"] != "Security event at Northwind: password.reset" {
			t.Errorf("got mails %v", got)
		}
		w.server.None()
		for _, secret := range []string{code, ticket, next} {
			if n := w.count("SELECT count(*) FROM audit WHERE detail LIKE $1", "%"+secret+"%"); n != 0 {
				t.Errorf("the journal holds %.8s…", secret)
			}
		}
		for action, want := range map[string]int{"password.reset.asked": 1, "password.reset.made": 1, "password.reset.opened": 1, "password.reset.used": 1, "user.password.set": 1} {
			if n := w.count("SELECT count(*) FROM audit WHERE action = $1 AND user_id = $2", action, w.alice.ID); n != want {
				t.Errorf("%s: got %d entries, want %d", action, n, want)
			}
		}
	})
}

// Requirement 52: each step checks the proof of the one before; skipping, repeating and
// reordering lead nowhere.
func TestNoStepOfAResetCanBeSkippedRepeatedOrReordered(t *testing.T) {
	spend := func(w *post, d time.Duration) { w.clock = w.clock.Add(d) }
	rows := []struct {
		says string
		try  func(w *post) error
	}{
		{"no code", func(w *post) error { _, err := w.OpenReset(w.t.Context(), ""); return err }},
		{"a code that was never made", func(w *post) error { _, err := w.OpenReset(w.t.Context(), random.Token("nrc")); return err }},
		{"a code with another end", func(w *post) error { _, err := w.OpenReset(w.t.Context(), w.mailed(w.alice.Name)+"x"); return err }},
		{"a code a second time", func(w *post) error {
			code := w.mailed(w.alice.Name)
			w.opened(code)
			_, err := w.OpenReset(w.t.Context(), code)
			return err
		}},
		{"a code after a quarter of an hour", func(w *post) error {
			code := w.mailed(w.alice.Name)
			spend(w, 15*time.Minute)
			_, err := w.OpenReset(w.t.Context(), code)
			return err
		}},
		{"a code after the password was changed", func(w *post) error {
			code := w.mailed(w.alice.Name)
			must(w.t, w.Users.SetPasswordHash(w.t.Context(), w.alice.ID, "$argon2id$other"))
			_, err := w.OpenReset(w.t.Context(), code)
			return err
		}},
		{"a code after another one was used", func(w *post) error {
			first, second := w.mailed(w.alice.Name), w.mailed(w.alice.Name)
			must(w.t, w.sets(w.opened(second), next))
			_, err := w.OpenReset(w.t.Context(), first)
			return err
		}},
		{"a code from before a restore", func(w *post) error {
			code := w.mailed(w.alice.Name)
			w.Resets.Epoch++
			defer func() { w.Resets.Epoch-- }()
			_, err := w.OpenReset(w.t.Context(), code)
			return err
		}},
		{"a code of somebody who was disabled", func(w *post) error {
			code := w.mailed(w.alice.Name)
			must(w.t, w.Users.Disable(w.t.Context(), w.alice.ID))
			_, err := w.OpenReset(w.t.Context(), code)
			return err
		}},
		{"no ticket", func(w *post) error { return w.sets("", next) }},
		{"a ticket that was never given", func(w *post) error { return w.sets(random.Token("nrt"), next) }},
		{"the code as the ticket", func(w *post) error { return w.sets(w.mailed(w.alice.Name), next) }},
		{"the ticket as the code", func(w *post) error {
			_, err := w.OpenReset(w.t.Context(), w.opened(w.mailed(w.alice.Name)))
			return err
		}},
		{"a ticket a second time", func(w *post) error {
			ticket := w.opened(w.mailed(w.alice.Name))
			must(w.t, w.sets(ticket, next))
			return w.sets(ticket, next+" again")
		}},
		{"a ticket after a quarter of an hour, code and all", func(w *post) error {
			code := w.mailed(w.alice.Name)
			spend(w, 14*time.Minute)
			ticket := w.opened(code)
			spend(w, time.Minute)
			return w.sets(ticket, next)
		}},
		{"a ticket after the password was changed", func(w *post) error {
			ticket := w.opened(w.mailed(w.alice.Name))
			must(w.t, w.Users.SetPasswordHash(w.t.Context(), w.alice.ID, "$argon2id$other"))
			return w.sets(ticket, next)
		}},
		{"a ticket of somebody who was disabled", func(w *post) error {
			ticket := w.opened(w.mailed(w.alice.Name))
			must(w.t, w.Users.Disable(w.t.Context(), w.alice.ID))
			return w.sets(ticket, next)
		}},
	}
	eachPost(t, func(t *testing.T, w *post) {
		for i, row := range rows {
			w.alice = w.verified(w.person("alice" + strconv.Itoa(i)))
			if err := row.try(w); !errors.Is(err, reset.ErrNone) {
				t.Errorf("%s: got %v, want no way", row.says, err)
			}
		}
	})
}

func TestAReportEndsEveryWayByMail(t *testing.T) {
	for _, row := range []struct {
		says string
		try  func(w *post) error
	}{
		{"a code after a report", func(w *post) error {
			p, code := w.phone(w.alice), w.mailed("alice")
			w.reported(p, away)
			_, err := w.OpenReset(w.t.Context(), code)
			return err
		}},
		{"a ticket after a report", func(w *post) error {
			p := w.phone(w.alice)
			ticket := w.opened(w.mailed("alice"))
			w.reported(p, away)
			return w.sets(ticket, next)
		}},
	} {
		t.Run(row.says, func(t *testing.T) {
			eachPost(t, func(t *testing.T, w *post) {
				if err := row.try(w); !errors.Is(err, reset.ErrNone) {
					t.Errorf("got %v, want no way", err)
				}
			})
		})
	}
}

func TestARefusedPasswordAndAStaleFormUseNothingUp(t *testing.T) {
	eachPost(t, func(t *testing.T, w *post) {
		ticket := w.opened(w.mailed("alice"))
		var refusal *password.Refusal
		for _, chosen := range []string{"short", "alice alice alice alice", "passwordpassword"} {
			if err := w.sets(ticket, chosen); !errors.As(err, &refusal) {
				t.Errorf("%q: got %v, want a refusal", chosen, err)
			}
		}
		if err := w.ResetPassword(t.Context(), idp.Browser{}, ticket, "stale", next); !errors.Is(err, idp.ErrMoved) {
			t.Errorf("a stale form: got %v", err)
		}
		must(t, w.sets(ticket, next))
	})
}

func TestOfManyHandsOneSetsThePassword(t *testing.T) {
	eachPost(t, func(t *testing.T, w *post) {
		code := w.mailed("alice")
		tickets := make([]string, 8)
		won := -1
		for i, err := range race(len(tickets), func(i int) (err error) { tickets[i], err = w.OpenReset(t.Context(), code); return err }) {
			switch {
			case err == nil && won < 0:
				won = i
			case err == nil || !errors.Is(err, reset.ErrNone):
				t.Errorf("got %v", err)
			}
		}
		if won < 0 {
			t.Fatal("nobody opened it")
		}
		who, err := w.Resetting(t.Context(), tickets[won])
		must(t, err)
		set := 0
		for _, err := range race(8, func(int) error { return w.ResetPassword(t.Context(), idp.Browser{}, tickets[won], who.Form, next) }) {
			if err == nil {
				set++
			} else if !errors.Is(err, reset.ErrNone) {
				t.Errorf("got %v", err)
			}
		}
		if set != 1 {
			t.Errorf("it was set %d times", set)
		}
	})
}

// The request tells nothing: it costs the same whoever is asked for, and what is found
// out later is found out elsewhere.
func TestAskingForAResetCostsTheSameForEverybody(t *testing.T) {
	eachPost(t, func(t *testing.T, w *post) {
		must(t, w.Users.Disable(t.Context(), w.bob.ID))
		_, err := w.Users.Add(t.Context(), user.New{Name: "carol", Claims: user.Claims{Email: "carol@example.com", EmailVerified: true}}) // no password
		must(t, err)
		_, err = w.Users.Add(t.Context(), user.New{Name: "dave", PasswordHash: w.alice.PasswordHash, Claims: user.Claims{Email: "dave@example.com"}})
		must(t, err)
		type work struct {
			statements    int64
			hashes        uint64
			entries, rows int
		}
		spent := map[string]work{}
		for _, typed := range []string{"alice", "nobody", "bob", "carol", "dave"} {
			ctx, statements := db.Counted(t.Context())
			before := work{0, w.Hasher.Hashes(), w.count("SELECT count(*) FROM audit"), w.count("SELECT count(*) FROM outbox")}
			must(t, w.AskForReset(ctx, idp.Browser{IP: home}, typed))
			spent[typed] = work{
				statements.Load(), w.Hasher.Hashes() - before.hashes, w.count("SELECT count(*) FROM audit") - before.entries,
				w.count("SELECT count(*) FROM outbox") - before.rows,
			}
		}
		for typed, got := range spent {
			if got != spent["alice"] || got.rows != 1 || got.hashes != 0 {
				t.Errorf("%s: got %+v, want %+v", typed, got, spent["alice"])
			}
		}
		w.deliver()
		if m := w.server.Next(); m.To != "alice@example.com" {
			t.Errorf("a mail went to %s", m.To)
		}
		w.server.None()
		if n := w.count("SELECT count(*) FROM outbox WHERE state = 'dropped'"); n != 4 {
			t.Errorf("%d were dropped, want 4", n)
		}
	})
}

func TestWhoAsksOftenWaitsAndNobodyIsFloodedWithMails(t *testing.T) {
	eachPost(t, func(t *testing.T, w *post) {
		for range 8 { // from the fifth on the network waits; the answer is the same
			w.forgets("alice", home)
		}
		if n := w.count("SELECT count(*) FROM outbox"); n != 5 {
			t.Errorf("got %d requests, want 5 before the wait", n)
		}
		for _, ip := range []string{"203.0.113.1", "203.0.114.1", "203.0.115.1"} { // each has its own count, the mails have one
			w.forgets("alice", ip)
		}
		w.deliver()
		for range 5 {
			w.code()
		}
		w.server.None()
		w.clock = w.clock.Add(time.Hour + time.Second)
		w.mailed("alice")
	})
}

func TestAReportedPasswordIsReplacedByTheAdministratorsLinkAlone(t *testing.T) {
	eachPost(t, func(t *testing.T, w *post) {
		p := w.phone(w.alice)
		w.reported(p, away)
		w.deliver()
		for w.count("SELECT count(*) FROM outbox WHERE kind = 'reset'") < 1 {
			w.forgets("alice", home)
		}
		w.deliver()
		if n := w.count("SELECT count(*) FROM password_resets"); n != 0 {
			t.Fatal("a code was mailed for a password that was reported")
		}
		alice, err := w.Users.ByID(t.Context(), w.alice.ID)
		must(t, err)
		var code string
		w.write(func(tx *db.Tx) (err error) {
			code, err = w.Resets.MakeTx(tx, "rst_1", alice, "cli:root", reset.Life)
			return err
		})
		must(t, w.sets(w.opened(code), next))
		if frozen, err := w.PasswordFrozen(t.Context(), w.alice.ID); err != nil || frozen {
			t.Errorf("the new password: got frozen %v, %v", frozen, err)
		}
	})
}

func TestAResetThatIsDeliveredTwiceIsMailedOnce(t *testing.T) {
	eachPost(t, func(t *testing.T, w *post) {
		payload := []byte(`{"user":"` + w.alice.ID + `"}`)
		for range 2 { // as after a crash between the mail's row and the note that it was made
			must(t, w.DeliverReset(t.Context(), "out_1", payload))
		}
		w.deliver()
		w.code()
		w.server.None()
		if n := w.count("SELECT count(*) FROM password_resets"); n != 1 {
			t.Errorf("%d codes were made", n)
		}
		w.clock = w.clock.Add(25 * time.Hour)
		if n, err := w.Resets.Sweep(t.Context(), 10); n != 1 || err != nil {
			t.Errorf("swept %d, %v", n, err)
		}
	})
}

func TestWithoutAMailServerNobodyIsMailed(t *testing.T) {
	eachPost(t, func(t *testing.T, w *post) {
		w.Letters.Sender = nil
		if w.CanReset() {
			t.Error("a reset by mail is offered")
		}
		w.phone(w.alice)
		w.forgets("alice", home)
		w.deliver()
		w.server.None()
		if n := w.count("SELECT count(*) FROM outbox WHERE state <> 'dropped'"); n != 0 {
			t.Errorf("%d messages are kept", n)
		}
	})
}
