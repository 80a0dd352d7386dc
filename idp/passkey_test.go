package idp_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/nod-idp/nod/devices/credential/credentialtest"
	"github.com/nod-idp/nod/devices/protocol"
	"github.com/nod-idp/nod/idp"
	"github.com/nod-idp/nod/idp/evidence"
	"github.com/nod-idp/nod/idp/user"
	"github.com/nod-idp/nod/internal/db"
	"github.com/nod-idp/nod/internal/db/dbtest"
	"github.com/nod-idp/nod/mfa"
	"github.com/nod-idp/nod/mfa/passkey"
)

const host = "login.example.com"

// eachWithPasskeys is each, with passkeys.
func eachWithPasskeys(t *testing.T, story func(t *testing.T, w *world)) {
	t.Helper()
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d)
		w.MFA.Passkeys = &passkey.Passkeys{DB: d, Box: w.Box, Epoch: w.Epoch, PublicURL: issuer, Now: w.Now}
		story(t, w)
	})
}

// key is an authenticator with a passkey of somebody.
func (w *world) key(u user.User) *credentialtest.Authenticator {
	w.t.Helper()
	a := credentialtest.New(w.t, issuer, host)
	who := passkey.Person{UserID: u.ID, Name: u.Name}
	options, err := w.MFA.Passkeys.CreationOptions(w.t.Context(), who, "ses_1")
	must(w.t, err)
	made, err := w.MFA.Passkeys.Register(who, "ses_1", "Laptop", a.Create(options))
	must(w.t, err)
	w.write(func(tx *db.Tx) error {
		_, err := w.MFA.Passkeys.AddTx(tx, made)
		return err
	})
	return a
}

// signed is an assertion for the page that the login shows now.
func (v *visit) signed(a *credentialtest.Authenticator) []byte {
	v.w.t.Helper()
	options, err := v.w.PasskeyOptions(v.w.t.Context(), v.l, v.b)
	must(v.w.t, err)
	return a.Answer(options)
}

func (v *visit) passkey(response []byte) *idp.Finished {
	v.w.t.Helper()
	f, err := v.w.SubmitPasskey(v.w.t.Context(), v.l, v.b, v.form(), response)
	must(v.w.t, err)
	v.take(f)
	return f
}

func TestAPasskeySignsInWithoutAPassword(t *testing.T) {
	eachWithPasskeys(t, func(t *testing.T, w *world) {
		a := w.key(w.alice)
		for _, client := range []string{"number", "push", "off"} {
			v := w.visit(client)
			if !v.want(idp.PageSignIn).Passkey {
				t.Errorf("%s: no passkey is offered", client)
			}
			if f := v.passkey(v.signed(a)); f == nil || f.SessionToken == "" || f.KnownToken == "" {
				t.Fatalf("%s: got %+v, want a session and a known browser", client, f)
			}
			e := v.want(idp.PageDone).Login.Evidence
			if want := []string{"mfa", "pop", "swk", "user"}; !slices.Equal(e.AMR(), want) || e.ACR() != evidence.ACRPhishingResistant {
				t.Errorf("%s: got amr %v and acr %s, want %v and phr", client, e.AMR(), e.ACR(), want)
			}
		}
		// The session is worth as much to the next client.
		v := w.visit("off")
		v.passkey(v.signed(a))
		_, answered := w.begin(v.b, request("number", func(r *idp.AuthRequest) { r.ACRValues = []string{evidence.ACRPhishingResistant} }))
		if answered == nil || answered.Code == "" {
			t.Errorf("got %+v, want a code at once", answered)
		}
	})
}

func TestAPasskeyIsTheSecondFactor(t *testing.T) {
	eachWithPasskeys(t, func(t *testing.T, w *world) {
		p, a := w.phone(w.alice), w.key(w.alice)
		v := w.visit("number")
		v.submit("alice", secret)
		if st := v.want(idp.PageMethod); !st.Ways.Passkey || st.Bare {
			t.Errorf("got %+v, want a passkey among the ways", st.Ways)
		}
		v.ask() // and changes their mind
		v.passkey(v.signed(a))
		e := v.want(idp.PageDone).Login.Evidence
		if want := []string{"mfa", "pop", "pwd", "swk", "user"}; !slices.Equal(e.AMR(), want) || e.ACR() != evidence.ACRPhishingResistant || e.Challenge != "" {
			t.Errorf("got %+v, want %v", e, want)
		}
		if open, err := w.MFA.Requests(t.Context(), p.device()); err != nil || len(open) != 0 {
			t.Errorf("got %d open requests, %v, want the phone left alone", len(open), err)
		}
	})
}

func TestAPasskeyIsRefusedInTheSameWordsWhateverIsWrong(t *testing.T) {
	eachWithPasskeys(t, func(t *testing.T, w *world) {
		a, theirs, stranger := w.key(w.alice), w.key(w.bob), credentialtest.New(t, issuer, host)
		stranger.Handle = a.Handle
		other := w.visit("off")
		foreign := other.signed(a)
		rows := map[string]struct {
			password bool // was given before
			response func(v *visit) []byte
		}{
			"one that nobody has":           {false, func(v *visit) []byte { return v.signed(stranger) }},
			"one of another browser":        {false, func(*visit) []byte { return foreign }},
			"nothing":                       {false, func(*visit) []byte { return nil }},
			"what is no JSON":               {false, func(*visit) []byte { return []byte("{") }},
			"another person's":              {true, func(v *visit) []byte { return v.signed(theirs) }},
			"one that nobody has, after it": {true, func(v *visit) []byte { return v.signed(stranger) }},
			"another origin": {false, func(v *visit) []byte {
				bad := *a
				bad.Origin = "https://login.example.com.evil.example"
				return v.signed(&bad)
			}},
			"no verification": {true, func(v *visit) []byte {
				bad := *a
				bad.Flags = credentialtest.Present
				return v.signed(&bad)
			}},
		}
		for what, tc := range rows {
			v := w.visit("number")
			page := idp.PageSignIn
			if tc.password {
				page = idp.PageMethod
				v.submit("alice", secret)
			}
			if f := v.passkey(tc.response(v)); f != nil {
				t.Errorf("%s: got %+v, want nothing", what, f)
			}
			if st := v.want(page); st.Login.Notice != (idp.Notice{Kind: idp.PasskeyRefused}) {
				t.Errorf("%s: got the notice %+v", what, st.Login.Notice)
			}
		}
		must(t, w.Users.Disable(t.Context(), w.alice.ID))
		v := w.visit("number")
		if f := v.passkey(v.signed(a)); f != nil {
			t.Errorf("disabled: got %+v, want nothing", f)
		}
		if st := v.want(idp.PageSignIn); st.Login.Notice != (idp.Notice{Kind: idp.PasskeyRefused}) || st.Login.UserID != "" {
			t.Errorf("disabled: got %+v", st.Login)
		}
		if n := w.count("SELECT count(*) FROM sessions"); n != 0 {
			t.Errorf("got %d sessions, want none", n)
		}
		if n := w.count("SELECT count(*) FROM audit WHERE action = 'passkey.used' AND outcome = 'refused'"); n != len(rows)+1 {
			t.Errorf("got %d entries, want %d", n, len(rows)+1)
		}
	})
}

// "Nothing single-use is honoured twice."
func TestAnAssertionCountsOnce(t *testing.T) {
	eachWithPasskeys(t, func(t *testing.T, w *world) {
		a := w.key(w.alice)
		v := w.visit("number")
		form, response := v.form(), v.signed(a)
		var finished []*idp.Finished
		results := make([]*idp.Finished, 8)
		errs := race(len(results), func(i int) (err error) {
			results[i], err = w.SubmitPasskey(t.Context(), v.l, v.b, form, response)
			return err
		})
		for i, f := range results {
			if errs[i] == nil && f != nil {
				finished = append(finished, f)
			} else if !errors.Is(errs[i], idp.ErrMoved) && errs[i] != nil {
				t.Errorf("got %v", errs[i])
			}
		}
		if n := w.count("SELECT count(*) FROM sessions WHERE ended_at IS NULL"); n != 1 || len(finished) == 0 {
			t.Errorf("got %d sessions and %d answers, want one session", n, len(finished))
		}
		if n := w.count("SELECT count(*) FROM codes"); n != 1 {
			t.Errorf("got %d codes, want 1", n)
		}
		w.clock = w.clock.Add(2 * time.Minute)
		if _, err := w.SubmitPasskey(t.Context(), v.l, v.b, form, response); !errors.Is(err, idp.ErrMoved) {
			t.Errorf("later: got %v, want ErrMoved", err)
		}
		// Nor does it open another login of the same browser.
		next, _ := w.begin(idp.Browser{LoginToken: v.b.LoginToken}, request("number", nil))
		if f := next.passkey(response); f != nil {
			t.Errorf("in another login: got %+v", f)
		}
	})
}

func TestAPageThatIsOldTakesNoPasskey(t *testing.T) {
	eachWithPasskeys(t, func(t *testing.T, w *world) {
		a := w.key(w.alice)
		v := w.visit("number")
		old, form := v.signed(a), v.form()
		w.clock = w.clock.Add(passkey.ChallengeLife)
		if f := v.passkey(old); f != nil {
			t.Errorf("an old challenge: got %+v", f)
		}
		v.submit("alice", secret)
		if _, err := w.SubmitPasskey(t.Context(), v.l, v.b, form, v.signed(a)); !errors.Is(err, idp.ErrMoved) {
			t.Errorf("an old form: got %v, want ErrMoved", err)
		}
		w.clock = w.clock.Add(time.Hour)
		if _, err := w.PasskeyOptions(t.Context(), v.l, v.b); !errors.Is(err, idp.ErrMoved) {
			t.Errorf("a login that is over: got %v, want ErrMoved", err)
		}
		if _, err := w.PasskeyOptions(t.Context(), v.l, idp.Browser{}); !errors.Is(err, idp.ErrElsewhere) {
			t.Errorf("another browser: got %v, want ErrElsewhere", err)
		}
	})
}

func TestAPersonWithoutAPasskeyIsAskedForNone(t *testing.T) {
	eachWithPasskeys(t, func(t *testing.T, w *world) {
		w.key(w.bob)
		v := w.visit("number")
		v.submit("alice", secret)
		if v.want(idp.PageMethod).Ways.Passkey {
			t.Error("a passkey is offered that nobody has")
		}
		if options, err := w.PasskeyOptions(t.Context(), v.l, v.b); !errors.Is(err, idp.ErrMoved) {
			t.Errorf("got %s, %v, want ErrMoved", options, err)
		}
	})
}

func TestWrongPasskeysAreCounted(t *testing.T) {
	eachWithPasskeys(t, func(t *testing.T, w *world) {
		a := w.key(w.alice)
		bad := *a
		bad.Flags = credentialtest.Present
		v := w.visit("number")
		for range 5 {
			v.passkey(v.signed(&bad))
		}
		v.passkey(v.signed(a))
		if n := v.want(idp.PageSignIn).Login.Notice; n.Kind != idp.PasskeyRefused || !n.Until.After(w.clock) {
			t.Errorf("got %+v, want a wait", n)
		}
		v.submit("alice", secret) // the password is another authenticator
		v.want(idp.PageMethod)
		w.clock = w.clock.Add(time.Minute)
		if f := v.passkey(v.signed(a)); f == nil {
			t.Error("after the wait it is refused still")
		}
	})
}

func TestAPasskeyEndsAPauseOfPush(t *testing.T) {
	eachWithPasskeys(t, func(t *testing.T, w *world) {
		p, a := w.phone(w.alice), w.key(w.alice)
		for range 3 {
			v := w.visit("number")
			v.submit("alice", secret)
			v.ask()
			p.answer(protocol.Deny, "")
			w.clock = w.clock.Add(time.Minute)
		}
		v := w.visit("number")
		v.submit("alice", secret)
		if st := v.standing(); st.Ways.Refusal == nil || !st.Ways.Passkey {
			t.Fatalf("got %+v, want push paused and a passkey offered", st.Ways)
		}
		v.passkey(v.signed(a))
		again := w.visit("number")
		again.submit("alice", secret)
		again.ask()
	})
}

func TestPhishingResistanceTakesAPasskeyAndNothingElse(t *testing.T) {
	eachWithPasskeys(t, func(t *testing.T, w *world) {
		p, a := w.phone(w.alice), w.key(w.alice)
		full := w.visit("number").through(p, "alice")
		v, answered := w.begin(full.b, request("off", func(r *idp.AuthRequest) { r.ACRValues = []string{evidence.ACRPhishingResistant} }))
		if answered != nil {
			t.Fatalf("answered at once: %+v", answered)
		}
		if st := v.want(idp.PageMethod); len(st.Ways.Push) != 0 || st.Ways.Typed || !st.Ways.Passkey {
			t.Errorf("got %+v, want a passkey alone", st.Ways)
		}
		v.passkey(v.signed(a))
		if e := v.want(idp.PageDone).Login.Evidence; e.ACR() != evidence.ACRPhishingResistant {
			t.Errorf("got %s, want phr", e.ACR())
		}
	})
}

func TestAHintAtSomebodyElseHoldsForPasskeysToo(t *testing.T) {
	eachWithPasskeys(t, func(t *testing.T, w *world) {
		a := w.key(w.alice)
		v, _ := w.begin(idp.Browser{}, request("off", func(r *idp.AuthRequest) { r.HintSubject = w.bob.ID }))
		if f := v.passkey(v.signed(a)); f != nil {
			t.Errorf("got %+v, want nothing", f)
		}
		if r := w.told(v.standing().Login); r.Err == nil || r.Err.Code != idp.LoginRequired {
			t.Errorf("got %+v, want login_required", r)
		}
	})
}

func TestChallengesAreNotStored(t *testing.T) {
	eachWithPasskeys(t, func(t *testing.T, w *world) {
		a := w.key(w.alice)
		v := w.visit("number")
		before := w.login(v.l)
		first, second := v.signed(a), v.signed(a)
		if w.login(v.l) != before || strings.EqualFold(string(first), string(second)) {
			t.Error("asking for a passkey changed the login, or asked the same twice")
		}
		if f := v.passkey(first); f == nil { // the page may ask anew and send what it got first
			t.Error("the first of two challenges does not count")
		}
	})
}

func TestAPersonWhosePolicyTakesNoPasskeyIsRefusedInTheSameWords(t *testing.T) {
	eachWithPasskeys(t, func(t *testing.T, w *world) {
		w.Policy.Rules = []mfa.Rule{{Users: []string{"alice"}, Methods: []mfa.Method{mfa.MethodPush}}}
		p, a := w.phone(w.alice), w.key(w.alice)
		v := w.visit("number")
		if f := v.passkey(v.signed(a)); f != nil {
			t.Errorf("without a password: got %+v, want nothing", f)
		}
		if n := v.want(idp.PageSignIn).Login.Notice; n != (idp.Notice{Kind: idp.PasskeyRefused}) {
			t.Errorf("got the notice %+v", n)
		}
		v.submit("alice", secret)
		if st := v.want(idp.PageMethod); st.Ways.Passkey || len(st.Ways.Push) != 1 {
			t.Errorf("after the password: got %+v, want push alone", st.Ways)
		}
		if _, err := w.PasskeyOptions(t.Context(), v.l, v.b); !errors.Is(err, idp.ErrMoved) {
			t.Errorf("got %v, want ErrMoved", err)
		}
		v.passcode(p.answer(protocol.Approve, v.ask()))
		v.want(idp.PageDone)
		b := w.key(w.bob)
		other := w.visit("number")
		if f := other.passkey(other.signed(b)); f == nil {
			t.Error("somebody else is refused too")
		}
	})
}

// A passkey in place of the password is the first factor where policy asks for another
// method.
func TestWhatAPasskeyBeganGoesOnWithWhatPolicyAsksFor(t *testing.T) {
	eachWithPasskeys(t, func(t *testing.T, w *world) {
		w.Policy.Rules = []mfa.Rule{{Clients: []string{"push"}, Methods: []mfa.Method{mfa.MethodPush, mfa.MethodPasscode}}}
		p, a := w.phone(w.alice), w.key(w.alice)
		for _, typing := range []bool{false, true} {
			w.clock = w.clock.Add(time.Minute)
			signed := w.visit("number")
			signed.passkey(signed.signed(a))
			v, answered := w.begin(signed.b, request("push", nil))
			if answered != nil {
				t.Fatalf("answered at once: %+v", answered)
			}
			if st := v.want(idp.PageMethod); st.Ways.Passkey {
				t.Errorf("got %+v, want no passkey", st.Ways)
			}
			if typing {
				must(t, w.ChooseTyped(t.Context(), v.l, v.b, v.form()))
				v.passcode(p.typed())
			} else {
				v.passcode(p.answer(protocol.Approve, v.ask()))
			}
			if e := v.want(idp.PageDone).Login.Evidence; !e.MFA() {
				t.Errorf("got %+v, want both factors", e)
			}
		}
	})
}
