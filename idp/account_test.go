package idp_test

import (
	"errors"
	"testing"
	"time"

	"github.com/nod-idp/nod/devices"
	"github.com/nod-idp/nod/devices/protocol"
	"github.com/nod-idp/nod/idp"
	"github.com/nod-idp/nod/mfa"
)

// account begins a login to one of the person's own pages, in a browser that may have
// been here before.
func (w *world) account(b idp.Browser, page idp.AccountPage) *visit {
	w.t.Helper()
	b.IP, b.UserAgent = "192.0.2.1", "Firefox on Linux"
	begun, err := w.BeginAccount(w.t.Context(), b, page)
	must(w.t, err)
	if begun.LoginToken != "" {
		b.LoginToken = begun.LoginToken
	}
	return &visit{w, b, begun.Login}
}

// read, change and confirm are what a session opens at the person's own pages.
func (v *visit) read() error {
	_, err := v.w.Holder(v.w.t.Context(), v.b)
	return err
}

func (v *visit) change() error {
	_, err := v.w.FreshHolder(v.w.t.Context(), v.b)
	return err
}

func (v *visit) confirm() error {
	_, err := v.w.ConfirmHolder(v.w.t.Context(), v.b)
	return err
}

// wants checks what a session opens.
func (v *visit) opens(what string, read, change, confirm error) {
	v.w.t.Helper()
	for name, row := range map[string][2]error{"read": {v.read(), read}, "change": {v.change(), change}, "confirm": {v.confirm(), confirm}} {
		if !errors.Is(row[0], row[1]) {
			v.w.t.Errorf("%s, to %s: got %v, want %v", what, name, row[0], row[1])
		}
	}
}

// byTyping is a session whose second factor was a typed passcode.
func (w *world) byTyping(p *phone) *visit {
	w.t.Helper()
	v := w.visit("number")
	v.submit("alice", secret)
	must(w.t, w.ChooseTyped(w.t.Context(), v.l, v.b, v.form()))
	v.passcode(p.typed())
	v.want(idp.PageDone)
	return v
}

func TestWhatASessionOpensOfThePersonsOwnPages(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		nobody := &visit{w, idp.Browser{}, ""}
		nobody.opens("nobody", idp.ErrSignIn, idp.ErrSignIn, idp.ErrSignIn)

		alone := w.visit("off")
		alone.submit("alice", secret)
		alone.opens("password, no device", nil, idp.ErrBare, nil)

		plain := w.phone(w.alice)
		alone.opens("password, a device", idp.ErrSignIn, idp.ErrSignIn, nil)
		approved, typed := w.visit("number").through(plain, "alice"), w.byTyping(plain)
		approved.opens("approved on the only device", nil, nil, nil)
		typed.opens("typed from the only device", nil, nil, nil)

		pinned := w.enrol(w.alice, protocol.VerifyPIN)
		approved.opens("approved without a PIN, a device with one", nil, idp.ErrSignIn, nil)
		typed.opens("typed, a device with a PIN", nil, idp.ErrSignIn, nil)
		w.clock = w.clock.Add(10 * time.Second)
		full := w.visit("number").through(pinned, "alice")
		full.opens("approved with a PIN", nil, nil, nil)

		w.clock = w.clock.Add(5*time.Minute + time.Millisecond)
		full.opens("approved with a PIN, five minutes ago", nil, idp.ErrSignIn, idp.ErrSignIn)
		approved.opens("approved without a PIN, five minutes ago", nil, idp.ErrSignIn, idp.ErrSignIn)
	})
}

// "A password alone never gains a device": a device that is disabled guards the pages
// all the same.
func TestADeviceThatIsSuspendedStillGuardsThePersonsOwnPages(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		p := w.phone(w.alice)
		full := w.visit("number").through(p, "alice")
		must(t, w.Devices.Suspend(t.Context(), w.alice.ID, p.begun.DeviceID, "pin"))
		v := w.account(idp.Browser{}, idp.AccountPage{Name: idp.AccountDevices})
		v.submit("alice", secret)
		if st := v.want(idp.PageMethod); len(st.Ways.Push) != 0 || st.Ways.Typed {
			t.Errorf("got ways %+v, want none", st.Ways)
		}
		off := w.visit("off")
		off.submit("alice", secret)
		off.opens("password, a suspended device", idp.ErrSignIn, idp.ErrSignIn, nil)
		// Whoever suspends a stolen phone must not find it resumed by the thief's session.
		full.opens("approved on what is suspended now", nil, idp.ErrSignIn, nil)
		must(t, w.Devices.Remove(t.Context(), w.alice.ID, p.begun.DeviceID, "admin"))
		off.opens("password, once it is removed", nil, idp.ErrBare, nil)
	})
}

func TestTheFirstDeviceIsAddedWithThePasswordWherePolicySaysSo(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.Policy.WithoutDevice = mfa.WithoutDeviceEnrol
		v := w.account(idp.Browser{}, idp.AccountPage{Name: idp.AccountAdd, Change: true})
		v.submit("alice", secret)
		v.want(idp.PageDone)
		v.opens("password, no device", nil, nil, nil)
		fresh, err := w.FreshHolder(t.Context(), v.b)
		must(t, err)
		link, err := w.AddDevice(t.Context(), fresh)
		must(t, err)
		p := w.claim(link.Token)

		// A device that came meanwhile closes the way: its person has more than a password.
		confirmer, err := w.ConfirmHolder(t.Context(), v.b)
		must(t, err)
		other := w.phone(w.alice)
		if err := w.ConfirmDevice(t.Context(), confirmer, link.ID); !errors.Is(err, idp.ErrSignIn) {
			t.Errorf("with a device that came meanwhile: got %v, want ErrSignIn", err)
		}
		confirmer, err = w.ConfirmHolder(t.Context(), v.b)
		must(t, err)
		if err := w.ConfirmDevice(t.Context(), confirmer, link.ID); !errors.Is(err, devices.ErrNotWaiting) {
			t.Errorf("looked at again: got %v, want ErrNotWaiting", err)
		}
		must(t, w.Devices.Remove(t.Context(), w.alice.ID, other.begun.DeviceID, "admin"))
		confirmer, err = w.ConfirmHolder(t.Context(), v.b)
		must(t, err)
		must(t, w.ConfirmDevice(t.Context(), confirmer, link.ID))
		if state := p.device().State; state != devices.Active {
			t.Errorf("the first device is %s", state)
		}
		v.opens("password, the first device", idp.ErrSignIn, idp.ErrSignIn, nil)
	})
}

// claim is a phone that used a link and waits.
func (w *world) claim(token string) *phone {
	w.t.Helper()
	return w.by(token, protocol.VerifyPlain)
}

func TestThePasswordConfirmsWhatCameByTheAdministratorsLinkAndNothingElse(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		ctx := t.Context()
		full := w.visit("number").through(w.phone(w.alice), "alice")
		fresh, err := w.FreshHolder(ctx, full.b)
		must(t, err)
		own, err := w.AddDevice(ctx, fresh)
		must(t, err)
		w.claim(own.Token)
		admins, err := w.Devices.Link(ctx, devices.LinkRequest{UserID: w.alice.ID, Confirm: true, MadeBy: "cli:root"})
		must(t, err)
		w.claim(admins.Token)

		v := w.account(idp.Browser{}, idp.AccountPage{Name: idp.AccountConfirm})
		v.submit("alice", secret)
		v.want(idp.PageDone)
		alone, err := w.ConfirmHolder(ctx, v.b)
		must(t, err)
		v.opens("password, to confirm", idp.ErrSignIn, idp.ErrSignIn, nil)
		waiting, err := w.Waiting(ctx, alone)
		if err != nil || len(waiting) != 1 || waiting[0].EnrolmentID != admins.ID {
			t.Errorf("with the password: got %+v, %v, want the administrator's alone", waiting, err)
		}
		for what, do := range map[string]error{
			"confirm": w.ConfirmDevice(ctx, alone, own.ID), "refuse": w.RefuseDevice(ctx, alone, own.ID),
		} {
			if !errors.Is(do, devices.ErrNotWaiting) {
				t.Errorf("%s one's own link with the password: got %v, want ErrNotWaiting", what, do)
			}
		}
		both, err := w.ConfirmHolder(ctx, full.b)
		must(t, err)
		if waiting, err := w.Waiting(ctx, both); err != nil || len(waiting) != 2 {
			t.Errorf("with both factors: got %+v, %v, want two", waiting, err)
		}
		bob := w.visit("off")
		bob.submit("bob", secret)
		stranger, err := w.ConfirmHolder(ctx, bob.b)
		must(t, err)
		if err := w.ConfirmDevice(ctx, stranger, admins.ID); !errors.Is(err, devices.ErrNotWaiting) {
			t.Errorf("somebody else: got %v, want ErrNotWaiting", err)
		}
		must(t, w.ConfirmDevice(ctx, alone, admins.ID))
		must(t, w.ConfirmDevice(ctx, both, own.ID))
	})
}

func TestALoginToChangeSomethingWantsTheStrongestFactor(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.phone(w.alice)
		pinned := w.enrol(w.alice, protocol.VerifyPIN)
		look := w.account(idp.Browser{}, idp.AccountPage{Name: idp.AccountDevices})
		look.submit("alice", secret)
		if st := look.want(idp.PageMethod); len(st.Ways.Push) != 2 || !st.Ways.Typed {
			t.Errorf("to look: got %+v, want both devices and typing", st.Ways)
		}
		v := w.account(idp.Browser{}, idp.AccountPage{Name: idp.AccountPassword, Change: true})
		v.submit("alice", secret)
		if st := v.want(idp.PageMethod); len(st.Ways.Push) != 1 || st.Ways.Push[0].ID != pinned.begun.DeviceID || st.Ways.Typed {
			t.Errorf("to change: got %+v, want the device with a PIN alone", st.Ways)
		}
		must(t, w.ChooseTyped(t.Context(), v.l, v.b, v.form()))
		if f := v.passcode(pinned.typed()); f != nil {
			t.Errorf("a typed passcode: got %+v, want nothing", f)
		}
		must(t, w.ChooseAgain(t.Context(), v.l, v.b, v.form()))
		// Push that is off does not lock its person out.
		must(t, w.Devices.SetPush(t.Context(), w.alice.ID, pinned.begun.DeviceID, false))
		v.passcode(pinned.answer(protocol.Approve, v.ask()))
		st := v.want(idp.PageDone)
		if st.Login.Request.Account.Name != idp.AccountPassword {
			t.Errorf("the login leads back to %+v", st.Login.Request.Account)
		}
		v.opens("approved with a PIN", nil, nil, nil)
		if n := w.count("SELECT count(*) FROM codes"); n != 0 {
			t.Errorf("got %d codes, want none", n)
		}
	})
}

func TestALoginLeadsBackToAPageOfOursOnly(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		for page, want := range map[idp.AccountPage]idp.AccountPage{
			{}:                    {Name: idp.AccountDevices},
			{Name: "//evil.test"}: {Name: idp.AccountDevices},
			{Name: "device", Item: "https://evil.test"}:      {Name: idp.AccountDevice},
			{Name: "device", Item: "dev_1/../../evil"}:       {Name: idp.AccountDevice},
			{Name: "device", Item: "dev_abc2", Change: true}: {Name: idp.AccountDevice, Item: "dev_abc2", Change: true},
		} {
			v := w.account(idp.Browser{}, page)
			if got := v.standing().Login.Request.Account; got != want {
				t.Errorf("%+v: got %+v, want %+v", page, got, want)
			}
		}
	})
}

func TestAFormBelongsToItsSessionAndItsPurpose(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		one, two := w.visit("off"), w.visit("off")
		one.submit("alice", secret)
		two.submit("alice", secret)
		first, err := w.Holder(t.Context(), one.b)
		must(t, err)
		second, err := w.Holder(t.Context(), two.b)
		must(t, err)
		token := w.FormOf(first, "remove dev_1")
		if token == w.FormOf(first, "remove dev_2") || token == w.FormOf(second, "remove dev_1") || token != w.FormOf(first, "remove dev_1") {
			t.Error("want one token for each session and purpose, the same each time")
		}
	})
}
