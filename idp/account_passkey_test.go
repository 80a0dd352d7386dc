package idp_test

import (
	"errors"
	"testing"
	"time"

	"github.com/nod-idp/nod/devices/credential/credentialtest"
	"github.com/nod-idp/nod/devices/protocol"
	"github.com/nod-idp/nod/idp"
	"github.com/nod-idp/nod/mfa"
	"github.com/nod-idp/nod/mfa/passkey"
)

// byPasskey is a session of alice that a passkey opened alone.
func (w *world) byPasskey(a *credentialtest.Authenticator) *visit {
	w.t.Helper()
	v := w.visit("number")
	v.passkey(v.signed(a))
	v.want(idp.PageDone)
	return v
}

func (v *visit) fresh() idp.Fresh {
	v.w.t.Helper()
	f, err := v.w.FreshHolder(v.w.t.Context(), v.b)
	must(v.w.t, err)
	return f
}

func TestAPasskeyGuardsThePersonsOwnPages(t *testing.T) {
	eachWithPasskeys(t, func(t *testing.T, w *world) {
		alone := w.visit("off")
		alone.submit("alice", secret)
		a := w.key(w.alice)
		alone.opens("password, a passkey", idp.ErrSignIn, idp.ErrSignIn, nil)
		signed := w.byPasskey(a)
		signed.opens("a passkey alone", nil, nil, nil)

		// A device that verifies nobody is weaker, one that does is as strong.
		plain := w.phone(w.alice)
		approved := w.visit("number").through(plain, "alice")
		approved.opens("approved on a plain device, a passkey", nil, idp.ErrSignIn, nil)
		w.clock = w.clock.Add(11 * time.Second)
		pinned := w.enrol(w.alice, protocol.VerifyPIN)
		full := w.visit("number").through(pinned, "alice")
		full.opens("approved with a PIN, a passkey", nil, nil, nil)
		signed.opens("a passkey, a device with a PIN", nil, nil, nil)

		w.clock = w.clock.Add(5*time.Minute + time.Millisecond)
		signed.opens("a passkey, five minutes ago", nil, idp.ErrSignIn, idp.ErrSignIn)
	})
}

func TestALoginToChangeSomethingTakesAPasskeyWithoutAPassword(t *testing.T) {
	eachWithPasskeys(t, func(t *testing.T, w *world) {
		a := w.key(w.alice)
		for _, name := range []idp.AccountName{idp.AccountDevices, idp.AccountConfirm, idp.AccountAddPasskey} {
			v := w.account(idp.Browser{}, idp.AccountPage{Name: name, Change: true})
			v.passkey(v.signed(a))
			if st := v.want(idp.PageDone); st.Login.Request.Account.Name != name {
				t.Errorf("the login leads back to %+v", st.Login.Request.Account)
			}
			v.opens("a passkey", nil, nil, nil)
		}
	})
}

func TestAPasskeyIsAddedByWhoProvedEverything(t *testing.T) {
	eachWithPasskeys(t, func(t *testing.T, w *world) {
		ctx := t.Context()
		p := w.phone(w.alice)
		f := w.visit("number").through(p, "alice").fresh()
		a := credentialtest.New(t, issuer, host)
		options, err := w.PasskeyCreation(ctx, f)
		must(t, err)
		response := a.Create(options)
		if err := w.AddPasskey(ctx, f, "\u202e", response); !errors.Is(err, passkey.ErrBadName) {
			t.Errorf("a name that cannot be seen: got %v, want ErrBadName", err)
		}
		w.clock = w.clock.Add(11 * time.Second)
		other := w.visit("number").through(p, "alice").fresh()
		if err := w.AddPasskey(ctx, other, "Laptop", response); !errors.Is(err, passkey.ErrWrong) {
			t.Errorf("in another session: got %v, want ErrWrong", err)
		}
		must(t, w.AddPasskey(ctx, f, "Laptop", response))
		if err := w.AddPasskey(ctx, f, "Laptop", response); !errors.Is(err, passkey.ErrRegistered) {
			t.Errorf("twice: got %v, want ErrRegistered", err)
		}
		list, err := w.OwnPasskeys(ctx, f.Holder)
		if err != nil || len(list) != 1 || list[0].Name != "Laptop" {
			t.Fatalf("got %+v, %v", list, err)
		}
		notices, err := w.Devices.Notices(ctx, p.begun.DeviceID)
		if err != nil || len(notices) != 1 || notices[0].Kind != "passkey_added" || notices[0].About != "Laptop" {
			t.Errorf("the phone is told %+v, %v", notices, err)
		}
		must(t, w.RenamePasskey(ctx, f.Holder, list[0].ID, "Desk"))
		w.byPasskey(a)
		events, _, err := w.Activity(ctx, f.Holder, time.Time{})
		must(t, err)
		seen := map[idp.EventKind]string{}
		for _, e := range events {
			seen[e.Kind] = e.Device
		}
		if seen[idp.PasskeyAdded] != "Laptop" || seen[idp.PasskeyRenamed] != "Desk" {
			t.Errorf("got the activity %+v", seen)
		}
	})
}

// "A password alone never gains a device", nor a passkey.
func TestAPasswordAloneGainsNoPasskey(t *testing.T) {
	eachWithPasskeys(t, func(t *testing.T, w *world) {
		ctx := t.Context()
		alone := w.visit("off")
		alone.submit("alice", secret)
		if _, err := w.FreshHolder(ctx, alone.b); !errors.Is(err, idp.ErrBare) {
			t.Errorf("got %v, want ErrBare", err)
		}
		// Where policy lets the first one be added so, whatever came meanwhile ends that.
		w.Policy.WithoutDevice = mfa.WithoutDeviceEnrol
		for what, gain := range map[string]func(){"a passkey": func() { w.key(w.alice) }, "a device": func() { w.phone(w.bob) }} {
			name, u := "alice", w.alice
			if what == "a device" {
				name, u = "bob", w.bob
			}
			v := w.visit("off")
			v.submit(name, secret)
			f := v.fresh()
			options, err := w.PasskeyCreation(ctx, f)
			must(t, err)
			gain()
			if err := w.AddPasskey(ctx, f, "Laptop", credentialtest.New(t, issuer, host).Create(options)); !errors.Is(err, idp.ErrSignIn) {
				t.Errorf("with %s that came meanwhile: got %v, want ErrSignIn", what, err)
			}
			if n := w.count("SELECT count(*) FROM passkeys WHERE user_id = $1 AND name <> 'Laptop'", u.ID); n != 0 {
				t.Errorf("got %d more", n)
			}
		}
		carol := w.person("carol")
		v := w.visit("off")
		v.submit("carol", secret)
		f := v.fresh()
		options, err := w.PasskeyCreation(ctx, f)
		must(t, err)
		must(t, w.AddPasskey(ctx, f, "Laptop", credentialtest.New(t, issuer, host).Create(options)))
		if n := w.count("SELECT count(*) FROM passkeys WHERE user_id = $1", carol.ID); n != 1 {
			t.Errorf("the first one: got %d, want 1", n)
		}
		v.opens("the password, the first passkey", idp.ErrSignIn, idp.ErrSignIn, nil)
		// And a device is not gained that way either.
		f2 := idp.Fresh{Holder: f.Holder}
		link, err := w.AddDevice(ctx, f2)
		must(t, err)
		w.claim(link.Token)
		if err := w.ConfirmDevice(ctx, f2.Confirmer(), link.ID); !errors.Is(err, idp.ErrSignIn) {
			t.Errorf("a device after the passkey: got %v, want ErrSignIn", err)
		}
	})
}

func TestARemovedPasskeyOpensNothingMore(t *testing.T) {
	eachWithPasskeys(t, func(t *testing.T, w *world) {
		ctx := t.Context()
		lost := w.key(w.alice)
		w.clock = w.clock.Add(time.Second)
		kept := w.key(w.alice)
		thief, v := w.byPasskey(lost), w.byPasskey(kept)
		f := v.fresh()
		list, err := w.OwnPasskeys(ctx, f.Holder)
		must(t, err)
		stays := thief.fresh()
		must(t, w.RemovePasskey(ctx, f, list[0].ID, idp.StaySignedIn))
		thief.opens("the session of the removed passkey", nil, idp.ErrSignIn, nil)
		if err := w.RemovePasskey(ctx, stays, list[0].ID, idp.SignOutElse); !errors.Is(err, passkey.ErrNotFound) {
			t.Errorf("removed twice: got %v, want ErrNotFound", err)
		}
		if n := w.count("SELECT count(*) FROM browsers"); n != 0 {
			t.Errorf("got %d known browsers, want none", n)
		}
		again := w.visit("number")
		if f := again.passkey(again.signed(lost)); f != nil {
			t.Errorf("the removed passkey: got %+v", f)
		}
		other := w.byPasskey(kept)
		f = other.fresh()
		w.key(w.bob)
		theirs, err := w.MFA.Passkeys.List(ctx, w.bob.ID)
		must(t, err)
		if err := w.RemovePasskey(ctx, f, theirs[0].ID, idp.SignOutElse); !errors.Is(err, passkey.ErrNotFound) {
			t.Errorf("somebody else's: got %v, want ErrNotFound", err)
		}
		must(t, w.RemovePasskey(ctx, f, list[1].ID, idp.SignOutElse))
		v.opens("the other session", idp.ErrSignIn, idp.ErrSignIn, idp.ErrSignIn)
	})
}
