package ciba_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"sync"
	"testing"
	"time"

	"github.com/nod-idp/nod/devices"
	"github.com/nod-idp/nod/devices/otp"
	"github.com/nod-idp/nod/devices/protocol"
	"github.com/nod-idp/nod/idp"
	"github.com/nod-idp/nod/idp/ciba"
	"github.com/nod-idp/nod/idp/client"
	"github.com/nod-idp/nod/idp/keys"
	"github.com/nod-idp/nod/idp/session"
	"github.com/nod-idp/nod/idp/signals"
	"github.com/nod-idp/nod/idp/token"
	"github.com/nod-idp/nod/idp/user"
	"github.com/nod-idp/nod/internal/db"
	"github.com/nod-idp/nod/internal/db/dbtest"
	"github.com/nod-idp/nod/internal/instance"
	"github.com/nod-idp/nod/internal/outbound"
	"github.com/nod-idp/nod/internal/outbox"
	"github.com/nod-idp/nod/internal/seal"
	"github.com/nod-idp/nod/mfa"
	"github.com/nod-idp/nod/mfa/throttle"
)

const issuer = "https://id.example"

// world has Alice, a bank that polls, a desk that is pinged, and a clock that is set.
type world struct {
	*ciba.Inquiries
	t     testing.TB
	users *user.Users
	bank  client.Client
	desk  client.Client
	alice user.User

	mu    sync.Mutex
	clock time.Time
}

type people struct{ users *user.Users }

func (p people) Account(ctx context.Context, id string) (name, display string, err error) {
	u, err := p.users.ByID(ctx, id)
	return u.Name, u.DisplayName(), err
}

func (p people) ActiveTx(tx *db.Tx, id string) (bool, error) { return user.ActiveTx(tx, id) }

func each(t *testing.T, story func(t *testing.T, w *world)) {
	t.Helper()
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) { story(t, newWorld(t, d)) })
}

func newWorld(t testing.TB, d *db.DB) *world {
	w := &world{t: t, clock: time.Unix(1_800_000_000, 0).UTC()}
	ctx := t.Context()
	in, err := instance.Open(ctx, d, seal.NewKey(), w.clock)
	must(t, err)
	ring := &keys.Ring{DB: d, Box: in.Box, Algorithms: []keys.Algorithm{keys.ES256}, Now: w.now}
	must(t, ring.Start(ctx))
	w.users = &user.Users{DB: d, Now: w.now}
	who := people{w.users}
	sessions := &session.Sessions{DB: d, Epoch: in.Epoch, Now: w.now}
	t.Cleanup(sessions.Wait)
	tokens := &token.Tokens{DB: d, Box: in.Box, Epoch: in.Epoch, Issuer: issuer, Keys: ring, Sessions: sessions, Now: w.now}
	guesses := &throttle.Guesses{DB: d, Now: w.now}
	dev := &devices.Devices{DB: d, Box: in.Box, Epoch: in.Epoch, PublicURL: issuer, Accounts: who, Now: w.now}
	factors := &mfa.Service{DB: d, Box: in.Box, Epoch: in.Epoch, Issuer: issuer, Devices: dev, People: who, Guesses: guesses, Now: w.now}
	clients := &client.Clients{DB: d, Now: w.now}
	out := &outbox.Outbox{DB: d, Box: in.Box, Now: w.now}
	logins := &idp.Service{
		DB: d, Box: in.Box, Epoch: in.Epoch, Users: w.users, Clients: clients, Sessions: sessions, Tokens: tokens, Guesses: guesses,
		MFA: factors, Devices: dev, Signals: &signals.Signals{Outbox: out}, Now: w.now,
	}
	allow, err := outbound.ParseAllow([]string{"127.0.0.1"})
	must(t, err)
	w.Inquiries = &ciba.Inquiries{
		DB: d, Box: in.Box, Epoch: in.Epoch, Users: w.users, Clients: clients, Tokens: tokens, MFA: factors, Outbox: out,
		Outbound: &outbound.Client{Allow: allow}, Demand: logins.InquiryDemand, Now: w.now,
	}
	factors.OnInquiry, factors.OnReport = w.SettleTx, logins.ReportedTx
	w.bank = w.register(client.New{ID: "bank", Name: "Contoso Bank", CIBA: client.CIBAPoll})
	w.desk = w.register(client.New{ID: "desk", Name: "Front desk", CIBA: client.CIBAPing, CIBANotificationURI: "http://127.0.0.1:9/ping", FirstParty: true})
	w.alice, err = w.users.Add(ctx, user.New{Name: "alice", Claims: user.Claims{Email: "alice@example.com"}})
	must(t, err)
	return w
}

func (w *world) register(n client.New) client.Client {
	w.t.Helper()
	n.Grants, n.IDTokenAlg = []client.Grant{client.CIBA, client.RefreshToken}, client.ES256
	c, _, err := w.Clients.Add(w.t.Context(), n)
	must(w.t, err)
	return c
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func (w *world) now() time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.clock
}

func (w *world) wait(d time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.clock = w.clock.Add(d)
}

// phone is an enrolled device of Alice's.
type phone struct {
	w     *world
	begun protocol.EnrolBegun
	wants protocol.Verification
}

func (w *world) phone(wants protocol.Verification) *phone {
	w.t.Helper()
	ctx := w.t.Context()
	dev := w.MFA.Devices
	link, err := dev.Link(ctx, devices.LinkRequest{UserID: w.alice.ID, MadeBy: "cli:test"})
	must(w.t, err)
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(w.t, err)
	signer := protocol.Signer{Key: key, PublicURL: issuer}
	body, proof, err := signer.Sign(protocol.VerbEnrolBegin, protocol.EnrolBegin{Token: link.Token, Name: "phone", Kind: protocol.KindSoftware, Wants: wants}, w.now())
	must(w.t, err)
	begun, err := dev.Begin(ctx, devices.Incoming{Verb: protocol.VerbEnrolBegin, Proof: proof, Body: body})
	must(w.t, err)
	if wants == protocol.VerifyPIN {
		begun.PushSecret = begun.PINSecret // what approvals are made with
	}
	p := &phone{w, begun, wants}
	passcode, err := otp.PushPasscode(begun.PushSecret, begun.Question)
	must(w.t, err)
	_, err = dev.Prove(ctx, p.device(), protocol.EnrolProve{Passcode: passcode})
	must(w.t, err)
	return p
}

func (p *phone) device() devices.Device {
	p.w.t.Helper()
	d, err := p.w.MFA.Devices.Get(p.w.t.Context(), p.begun.DeviceID)
	must(p.w.t, err)
	return d
}

func (p *phone) open() []protocol.Request {
	p.w.t.Helper()
	open, err := p.w.MFA.Requests(p.w.t.Context(), p.device())
	must(p.w.t, err)
	return open
}

// says gives a verdict on the one open request, after change altered what was shown.
func (p *phone) says(verdict protocol.Verdict, change ...func(*protocol.Request)) error {
	p.w.t.Helper()
	open := p.open()
	if len(open) != 1 {
		p.w.t.Fatalf("got %d open requests, want 1", len(open))
	}
	for _, c := range change {
		c(&open[0])
	}
	a := protocol.Answer{Challenge: open[0].ID, Verdict: verdict}
	if verdict == protocol.Approve {
		approval := open[0].Approval(issuer, p.begun.DeviceID, "", verdict)
		hash, question := protocol.ApprovalHash(approval), protocol.Question(approval)
		passcode, err := otp.PushPasscode(p.begun.PushSecret, question[:])
		must(p.w.t, err)
		a.Hash, a.Passcode = hash[:], passcode
	}
	_, err := p.w.MFA.Answer(p.w.t.Context(), p.device(), a, mfa.Origin{})
	return err
}

// begins is an inquiry about a person, put to their devices if it can be.
func (w *world) begins(c client.Client, who string, scopes ...string) ciba.Begun {
	w.t.Helper()
	begun, err := w.Begin(w.t.Context(), ciba.Ask{
		Client: c, Scopes: append([]string{"openid"}, scopes...), LoginHint: who, Message: "Till 3 · 42.10 €", Notification: "c2VjcmV0LXRva2VuLW9mLXRoZS1kZXNr",
	})
	must(w.t, err)
	must(w.t, w.AskDue(w.t.Context()))
	return begun
}

func (w *world) poll(c client.Client, begun ciba.Begun) (token.Issued, error) {
	return w.Redeem(w.t.Context(), c, begun.AuthReqID, token.Asked{})
}
