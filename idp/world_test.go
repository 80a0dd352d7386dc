package idp_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/nod-idp/nod/devices"
	"github.com/nod-idp/nod/devices/otp"
	"github.com/nod-idp/nod/devices/protocol"
	"github.com/nod-idp/nod/idp"
	"github.com/nod-idp/nod/idp/client"
	"github.com/nod-idp/nod/idp/consent"
	"github.com/nod-idp/nod/idp/keys"
	"github.com/nod-idp/nod/idp/password"
	"github.com/nod-idp/nod/idp/session"
	"github.com/nod-idp/nod/idp/token"
	"github.com/nod-idp/nod/idp/user"
	"github.com/nod-idp/nod/internal/db"
	"github.com/nod-idp/nod/internal/db/dbtest"
	"github.com/nod-idp/nod/internal/instance"
	"github.com/nod-idp/nod/internal/seal"
	"github.com/nod-idp/nod/mfa"
	"github.com/nod-idp/nod/mfa/throttle"
)

const (
	issuer   = "https://login.example.com"
	secret   = "a long and quiet passphrase"
	callback = "https://app.example.com/cb"
)

// world is idp with all its rooms, two people and clients of every kind.
type world struct {
	*idp.Service
	t     testing.TB
	clock time.Time
	alice user.User
	bob   user.User
}

func each(t *testing.T, story func(t *testing.T, w *world)) {
	t.Helper()
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) { story(t, newWorld(t, d)) })
}

func newWorld(t testing.TB, d *db.DB) *world {
	w := &world{t: t, clock: time.Unix(1_800_000_000, 0).UTC()}
	ctx, now := t.Context(), func() time.Time { return w.clock }
	in, err := instance.Open(ctx, d, seal.NewKey(), w.clock)
	must(t, err)
	ring := &keys.Ring{DB: d, Box: in.Box, Algorithms: []keys.Algorithm{keys.ES256}, Now: now}
	must(t, ring.Start(ctx))
	users := &user.Users{DB: d, Now: now}
	people := people{users}
	guesses := &throttle.Guesses{DB: d, Now: now}
	dev := &devices.Devices{DB: d, Box: in.Box, Epoch: in.Epoch, PublicURL: issuer, Accounts: people, Now: now}
	sessions := &session.Sessions{DB: d, Epoch: in.Epoch, Now: now}
	t.Cleanup(sessions.Wait)
	w.Service = &idp.Service{
		DB: d, Box: in.Box, Epoch: in.Epoch, Users: users, Clients: &client.Clients{DB: d, Now: now}, Sessions: sessions,
		Tokens:   &token.Tokens{DB: d, Box: in.Box, Epoch: in.Epoch, Issuer: issuer, Keys: ring, Sessions: sessions, People: users, Now: now},
		Consents: &consent.Consents{DB: d, Now: now},
		Hasher:   &password.Hasher{Memory: 64, Time: 1, Concurrency: 8, Queue: 64}, Guesses: guesses, Devices: dev,
		MFA: &mfa.Service{DB: d, Box: in.Box, Epoch: in.Epoch, Issuer: issuer, Devices: dev, People: people, Guesses: guesses, Now: now},
		Now: now,
	}
	w.alice, w.bob = w.person("alice"), w.person("bob")
	for id, factor := range map[string]client.SecondFactor{"number": client.FactorPushNumber, "push": client.FactorPush, "off": client.FactorOff} {
		_, _, err := w.Clients.Add(ctx, client.New{ID: id, RedirectURIs: []string{callback}, SecondFactor: factor, IDTokenAlg: client.ES256, FirstParty: true})
		must(t, err)
	}
	return w
}

type people struct{ users *user.Users }

func (p people) Account(ctx context.Context, id string) (name, display string, err error) {
	u, err := p.users.ByID(ctx, id)
	return u.Name, u.DisplayName(), err
}

func (p people) ActiveTx(tx *db.Tx, id string) (bool, error) { return user.ActiveTx(tx, id) }

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func (w *world) person(name string) user.User {
	w.t.Helper()
	hash, err := w.Hasher.Hash(w.t.Context(), secret)
	must(w.t, err)
	u, err := w.Users.Add(w.t.Context(), user.New{Name: name, PasswordHash: hash, Claims: user.Claims{Email: name + "@example.com"}})
	must(w.t, err)
	return u
}

// phone is an enrolled device.
type phone struct {
	w     *world
	begun protocol.EnrolBegun
}

func (w *world) phone(u user.User) *phone { return w.enrol(u, protocol.VerifyPlain) }

// enrol is a phone that verifies its person as wanted.
func (w *world) enrol(u user.User, wants protocol.Verification) *phone {
	w.t.Helper()
	link, err := w.Devices.Link(w.t.Context(), devices.LinkRequest{UserID: u.ID, MadeBy: "cli:test"})
	must(w.t, err)
	return w.by(link.Token, wants)
}

// by is a phone that used a link. It is active, unless the link wants it confirmed.
func (w *world) by(token string, wants protocol.Verification) *phone {
	w.t.Helper()
	ctx := w.t.Context()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(w.t, err)
	signer := protocol.Signer{Key: key, PublicURL: issuer}
	body, proof, err := signer.Sign(protocol.VerbEnrolBegin, protocol.EnrolBegin{
		Token: token, Name: "phone", Kind: protocol.KindSoftware, Wants: wants,
	}, w.clock)
	must(w.t, err)
	begun, err := w.Devices.Begin(ctx, devices.Incoming{Verb: protocol.VerbEnrolBegin, Proof: proof, Body: body})
	must(w.t, err)
	if wants == protocol.VerifyPIN {
		begun.PushSecret = begun.PINSecret // what approvals are made with
	}
	p := &phone{w, begun}
	passcode, err := otp.PushPasscode(begun.PushSecret, begun.Question)
	must(w.t, err)
	_, err = w.Devices.Prove(ctx, p.device(), protocol.EnrolProve{Passcode: passcode})
	must(w.t, err)
	return p
}

func (p *phone) device() devices.Device {
	p.w.t.Helper()
	d, err := p.w.Devices.Get(p.w.t.Context(), p.begun.DeviceID)
	must(p.w.t, err)
	return d
}

// answer gives a verdict on the one open request. It returns the passcode.
func (p *phone) answer(verdict protocol.Verdict, number string) string {
	p.w.t.Helper()
	passcode, err := p.attempt(verdict, number)
	must(p.w.t, err)
	return passcode
}

// attempt is answer where a refusal is expected.
func (p *phone) attempt(verdict protocol.Verdict, number string) (passcode string, err error) {
	p.w.t.Helper()
	ctx := p.w.t.Context()
	open, err := p.w.MFA.Requests(ctx, p.device())
	must(p.w.t, err)
	if len(open) != 1 {
		p.w.t.Fatalf("got %d open requests, want 1", len(open))
	}
	a := protocol.Answer{Challenge: open[0].ID, Verdict: verdict}
	if verdict == protocol.Approve {
		approval := open[0].Approval(issuer, p.begun.DeviceID, number, verdict)
		hash, question := protocol.ApprovalHash(approval), protocol.Question(approval)
		a.Number, a.Hash = number, hash[:]
		a.Passcode, err = otp.PushPasscode(p.begun.PushSecret, question[:])
		must(p.w.t, err)
	}
	_, err = p.w.MFA.Answer(ctx, p.device(), a, mfa.Origin{})
	return a.Passcode, err
}

func (p *phone) typed() string {
	p.w.t.Helper()
	code, err := otp.TOTP{}.Code(p.begun.TypedSecret, p.w.clock)
	must(p.w.t, err)
	return code
}

// visit is one browser in front of one login.
type visit struct {
	w *world
	b idp.Browser
	l string
}

// request is what a client asks for; change may be nil.
func request(clientID string, change func(*idp.AuthRequest)) idp.AuthRequest {
	r := idp.AuthRequest{ClientID: clientID, RedirectURI: callback, ResponseType: "code", ResponseMode: "query", Scopes: []string{"openid"}, State: "s"}
	if change != nil {
		change(&r)
	}
	return r
}

func (w *world) begin(b idp.Browser, r idp.AuthRequest) (*visit, *idp.Response) {
	w.t.Helper()
	if b.IP == "" {
		b.IP, b.UserAgent = "192.0.2.1", "Firefox on Linux"
	}
	begun, err := w.Begin(w.t.Context(), r, b)
	must(w.t, err)
	if begun.LoginToken != "" {
		b.LoginToken = begun.LoginToken
	}
	return &visit{w, b, begun.Login}, begun.Response
}

func (w *world) visit(clientID string) *visit {
	w.t.Helper()
	v, answered := w.begin(idp.Browser{}, request(clientID, nil))
	if answered != nil {
		w.t.Fatalf("answered at once: %+v", answered)
	}
	return v
}

func (v *visit) standing() idp.Standing {
	v.w.t.Helper()
	st, err := v.w.Standing(v.w.t.Context(), v.l, v.b)
	must(v.w.t, err)
	return st
}

func (v *visit) form() string { return v.standing().FormToken }

func (v *visit) want(page idp.Page) idp.Standing {
	v.w.t.Helper()
	st := v.standing()
	if st.Page != page {
		v.w.t.Fatalf("got page %q (notice %+v), want %q", st.Page, st.Login.Notice, page)
	}
	return st
}

func (v *visit) submit(name, password string) *idp.Finished {
	v.w.t.Helper()
	f, err := v.w.SubmitPassword(v.w.t.Context(), v.l, v.b, v.form(), name, password)
	must(v.w.t, err)
	v.take(f)
	return f
}

func (v *visit) ask() string {
	v.w.t.Helper()
	must(v.w.t, v.w.UseMobile(v.w.t.Context(), v.l, v.b, v.form(), ""))
	return v.want(idp.PagePending).Challenge.MatchNumber
}

func (v *visit) passcode(digits string) *idp.Finished {
	v.w.t.Helper()
	f, err := v.w.SubmitPasscode(v.w.t.Context(), v.l, v.b, v.form(), digits)
	must(v.w.t, err)
	v.take(f)
	return f
}

// take keeps the cookies.
func (v *visit) take(f *idp.Finished) {
	if f == nil {
		return
	}
	if f.SessionToken != "" {
		v.b.SessionToken = f.SessionToken
	}
	if f.KnownToken != "" {
		v.b.KnownToken = f.KnownToken
	}
}

// told is what the client of a login that is over is told.
func (w *world) told(l idp.Login) idp.Response {
	w.t.Helper()
	r, err := w.Response(w.t.Context(), l)
	must(w.t, err)
	return r
}

// through takes a visit to its end by push.
func (v *visit) through(p *phone, name string) *visit {
	v.w.t.Helper()
	v.submit(name, secret)
	v.passcode(p.answer(protocol.Approve, v.ask()))
	v.want(idp.PageDone)
	return v
}

func (w *world) count(query string, args ...any) (n int) {
	w.t.Helper()
	must(w.t, w.DB.Get(w.t.Context(), &n, query, args...))
	return n
}

func (w *world) write(fn func(tx *db.Tx) error) {
	w.t.Helper()
	must(w.t, w.DB.Write(w.t.Context(), fn))
}

// login is everything of a kept login that may change, "" while its browser carries it.
func (w *world) login(reference string) (text string) {
	w.t.Helper()
	err := w.DB.Get(w.t.Context(), &text, `SELECT CAST(version AS TEXT) || state || request || evidence || method || notice || failure ||
		coalesce(user_id, '') || coalesce(challenge_id, '') || coalesce(session_id, '') || known_browser FROM logins WHERE id = $1`, idp.IDOf(reference))
	if errors.Is(err, db.ErrNotFound) {
		return ""
	}
	must(w.t, err)
	return text
}

// unlock forgets what was spent and withdraws what is open, for the next row of a table.
func (w *world) unlock() {
	w.t.Helper()
	w.write(func(tx *db.Tx) error {
		return errors.Join(mfa.UnlockTx(tx, w.alice.ID), w.MFA.WithdrawUserTx(tx, w.alice.ID))
	})
}

// race runs fn n times at once.
func race(n int, fn func(i int) error) []error {
	var wg sync.WaitGroup
	errs := make([]error, n)
	start := make(chan struct{})
	for i := range n {
		wg.Go(func() {
			<-start
			errs[i] = fn(i)
		})
	}
	close(start)
	wg.Wait()
	return errs
}
