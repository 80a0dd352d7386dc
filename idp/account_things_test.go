package idp_test

import (
	"errors"
	"testing"
	"time"

	"github.com/nod-idp/nod/devices"
	"github.com/nod-idp/nod/idp"
	"github.com/nod-idp/nod/idp/client"
	"github.com/nod-idp/nod/idp/password"
	"github.com/nod-idp/nod/idp/session"
	"github.com/nod-idp/nod/idp/token"
)

// freshOne is somebody who may change everything, with their visit.
func (w *world) freshOne(p *phone) (*visit, idp.Fresh) {
	w.t.Helper()
	w.clock = w.clock.Add(11 * time.Second)
	v := w.visit("number").through(p, "alice")
	f, err := w.FreshHolder(w.t.Context(), v.b)
	must(w.t, err)
	return v, f
}

func TestARemovedDeviceTakesKnownBrowsersAndOtherSessionsAlong(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		ctx := t.Context()
		stolen, kept := w.phone(w.alice), w.phone(w.alice)
		thief, _ := w.freshOne(stolen)
		v, f := w.freshOne(kept)
		if err := w.RemoveDevice(ctx, f, "dev_nobody", idp.SignOutElse); !errors.Is(err, devices.ErrNotFound) {
			t.Errorf("a device that is not there: got %v, want ErrNotFound", err)
		}
		if n := w.count("SELECT count(*) FROM browsers"); n != 2 {
			t.Fatalf("got %d known browsers, want 2: the failed removal forgot some", n)
		}
		must(t, w.RemoveDevice(ctx, f, stolen.begun.DeviceID, idp.SignOutElse))
		if n := w.count("SELECT count(*) FROM browsers"); n != 0 {
			t.Errorf("got %d known browsers, want none", n)
		}
		thief.opens("the other session", idp.ErrSignIn, idp.ErrSignIn, idp.ErrSignIn)
		v.opens("this session", nil, nil, nil)
		if n := w.count("SELECT count(*) FROM audit WHERE action = 'device.removed' AND actor = $1", "user:"+w.alice.ID); n != 1 {
			t.Errorf("got %d entries by the person, want 1", n)
		}
	})
}

func TestASuspendedDeviceIsResumedByAnother(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		ctx := t.Context()
		first, second := w.phone(w.alice), w.phone(w.alice)
		v, f := w.freshOne(first)
		must(t, w.SuspendDevice(ctx, f, first.begun.DeviceID, idp.StaySignedIn))
		v.opens("the session of the suspended device", nil, idp.ErrSignIn, nil)
		_, f = w.freshOne(second)
		must(t, w.ResumeDevice(ctx, f, first.begun.DeviceID))
		v.opens("the session of the resumed device", nil, nil, nil)
	})
}

func TestSessionsOfSomebodyElseAreNotThere(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		ctx := t.Context()
		p := w.phone(w.alice)
		v, f := w.freshOne(p)
		other, _ := w.freshOne(p)
		bob := w.visit("off")
		bob.submit("bob", secret)
		theirs, err := w.Sessions.Find(ctx, bob.b.SessionToken)
		must(t, err)
		if err := w.EndSession(ctx, f.Holder, theirs.ID); !errors.Is(err, session.ErrNone) {
			t.Errorf("somebody else's session: got %v, want ErrNone", err)
		}
		list, err := w.SignedIn(ctx, f.Holder)
		if err != nil || len(list) != 2 || !list[0].Current || list[1].Current || list[0].Browser != "Firefox" || list[0].System != "Linux" {
			t.Fatalf("got %+v, %v, want this one first", list, err)
		}
		must(t, w.EndSession(ctx, f.Holder, list[1].ID))
		other.opens("the ended session", idp.ErrSignIn, idp.ErrSignIn, idp.ErrSignIn)
		third, _ := w.freshOne(p)
		must(t, w.EndOtherSessions(ctx, f.Holder))
		third.opens("another one", idp.ErrSignIn, idp.ErrSignIn, idp.ErrSignIn)
		v.opens("this one", nil, nil, nil)
		if err := bob.read(); !errors.Is(err, nil) {
			t.Errorf("somebody else's session: got %v", err)
		}
	})
}

// redeem turns the code of a finished visit into tokens.
func (v *visit) redeem(clientID string) {
	v.w.t.Helper()
	c, err := v.w.Clients.Get(v.w.t.Context(), clientID)
	must(v.w.t, err)
	st := v.standing()
	_, err = v.w.Tokens.Redeem(v.w.t.Context(), c, v.w.told(st.Login).Code, callback, "", token.Asked{})
	must(v.w.t, err)
}

func TestApplicationsThatStayConnectedAreDisconnected(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		ctx := t.Context()
		_, _, err := w.Clients.Add(ctx, client.New{
			ID: "mail", Name: "Mail", RedirectURIs: []string{callback}, IDTokenAlg: client.ES256, PKCE: client.PKCEOptional,
			FirstParty: true, Grants: []client.Grant{client.AuthorizationCode, client.RefreshToken},
		})
		must(t, err)
		p := w.phone(w.alice)
		v, answered := w.begin(idp.Browser{}, request("mail", func(r *idp.AuthRequest) { r.Scopes = []string{"openid", "offline_access"} }))
		if answered != nil {
			t.Fatal("answered at once")
		}
		v.through(p, "alice").redeem("mail")
		h, err := w.Holder(ctx, v.b)
		must(t, err)
		list, err := w.Connected(ctx, h)
		if err != nil || len(list) != 1 || list[0].ClientID != "mail" || list[0].Name != "Mail" || !list[0].Since.Equal(w.clock) {
			t.Fatalf("got %+v, %v, want mail", list, err)
		}
		if in, err := w.SignedIn(ctx, h); err != nil || in[0].Applications != 1 {
			t.Errorf("got %+v, %v, want one application", in, err)
		}
		bob := w.visit("off")
		bob.submit("bob", secret)
		stranger, err := w.Holder(ctx, bob.b)
		must(t, err)
		if err := w.Disconnect(ctx, stranger, "mail"); !errors.Is(err, token.ErrNone) {
			t.Errorf("somebody else: got %v, want ErrNone", err)
		}
		must(t, w.Disconnect(ctx, h, "mail"))
		if list, err := w.Connected(ctx, h); err != nil || len(list) != 0 {
			t.Errorf("afterwards: got %+v, %v", list, err)
		}
	})
}

func TestANewPasswordIsJudgedAndEndsWhatTheOldOneOpened(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		ctx := t.Context()
		p := w.phone(w.alice)
		other, _ := w.freshOne(p)
		v, f := w.freshOne(p)
		w.PasswordWords = []string{"Northwind Traders"}
		for chosen, want := range map[string]password.Reason{
			"too short": password.TooShort, "alice.alice.alice.2024": password.Personal, "northwind traders!": password.Personal,
			"aaaaaaaaaaaaaaaaaaaaaaaa": password.Pattern,
		} {
			var refusal *password.Refusal
			if err := w.ChangePassword(ctx, f, chosen, idp.SignOutElse); !errors.As(err, &refusal) || refusal.Reason != want {
				t.Errorf("%q: got %v, want %s", chosen, err, want)
			}
		}
		const next = "another long and quiet phrase"
		must(t, w.ChangePassword(ctx, f, next, idp.SignOutElse))
		other.opens("the other session", idp.ErrSignIn, idp.ErrSignIn, idp.ErrSignIn)
		v.opens("this session", nil, nil, nil)
		again := w.visit("off")
		again.submit("alice", secret)
		again.want(idp.PageSignIn)
		again.submit("alice", next)
		again.want(idp.PageDone)
		if n := w.count("SELECT count(*) FROM audit WHERE detail LIKE $1", "%"+next+"%"); n != 0 {
			t.Error("the journal holds a password")
		}
	})
}

func TestActivityIsOnesOwnAndGoesBackPageByPage(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		ctx := t.Context()
		p := w.phone(w.alice)
		wrong := w.visit("off")
		wrong.submit("alice", "not the password")
		bob := w.visit("off")
		bob.submit("bob", "not the password")
		v, f := w.freshOne(p)
		for i := range 120 {
			if i%3 == 0 { // several in one moment
				w.clock = w.clock.Add(time.Second)
			}
			must(t, w.Devices.Rename(ctx, w.alice.ID, p.begun.DeviceID, "phone"))
		}
		h, err := w.Holder(ctx, v.b)
		must(t, err)
		seen := map[idp.EventKind]int{}
		var before time.Time
		for pages := 0; ; pages++ {
			events, older, err := w.Activity(ctx, h, before)
			must(t, err)
			for _, e := range events {
				seen[e.Kind]++
			}
			if older.IsZero() {
				break
			}
			if len(events) < idp.ActivityPage || pages > 5 {
				t.Fatalf("got %d events on page %d that goes on", len(events), pages)
			}
			before = older
		}
		want := map[idp.EventKind]int{idp.DeviceRenamed: 120, idp.SignedInTo: 1, idp.PasswordWrong: 1, idp.DeviceAdded: 1, idp.LinkMade: 1}
		for kind, n := range want {
			if seen[kind] != n {
				t.Errorf("%s: got %d, want %d", kind, seen[kind], n)
			}
		}
		if len(seen) != len(want) {
			t.Errorf("got %v, want %v", seen, want)
		}
		events, _, err := w.Activity(ctx, f.Holder, w.clock.Add(-41*time.Second))
		must(t, err)
		for _, e := range events {
			if e.Kind == idp.SignedInTo && (e.Device != "phone" || e.Browser != "Firefox on Linux" || e.Client != "number") {
				t.Errorf("got %+v", e)
			}
		}
	})
}

func TestAnotherPersonsEventsAreNotShown(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.phone(w.bob)
		v := w.visit("off")
		v.submit("alice", secret)
		h, err := w.Holder(t.Context(), v.b)
		must(t, err)
		events, older, err := w.Activity(t.Context(), h, time.Time{})
		if err != nil || len(events) != 1 || events[0].Kind != idp.SignedInTo || !older.IsZero() {
			t.Errorf("got %+v, %v, want one's own sign-in", events, err)
		}
	})
}
