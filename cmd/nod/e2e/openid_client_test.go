package e2e

import (
	"bufio"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/nod-idp/nod/devices/simulator"
	"github.com/nod-idp/nod/idp/client"
	"github.com/nod-idp/nod/internal/formbrowser"
)

// party is a relying party on openid-client, in a process of its own.
type party struct {
	t    *testing.T
	keys string // its public keys, a JWK set
	told *json.Encoder
	said *bufio.Reader
	errs *lockedBuffer
}

// clientsFolder is where npm puts the clients of other hands.
const clientsFolder = "clients"

// needClients fails the test where they are not installed: nothing is skipped.
func needClients(t *testing.T, name string) {
	t.Helper()
	if _, err := os.Stat(filepath.Join(clientsFolder, "node_modules", name)); errors.Is(err, fs.ErrNotExist) {
		t.Fatalf("%s is not installed: run npm ci in cmd/nod/e2e/%s (Debian packages nodejs and npm)", name, clientsFolder)
	}
}

func newParty(t *testing.T) *party {
	t.Helper()
	needClients(t, "openid-client")
	p := &party{t: t, errs: &lockedBuffer{}}
	cmd := exec.CommandContext(t.Context(), "node", "openid-client.mjs")
	cmd.Dir, cmd.Stderr = clientsFolder, p.errs
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatalf("start node: %v", err)
	}
	t.Cleanup(func() { _ = in.Close(); _ = cmd.Wait() })
	p.told, p.said = json.NewEncoder(in), bufio.NewReader(out)
	var keys json.RawMessage
	p.hear(&keys)
	p.keys = string(keys)
	return p
}

func (p *party) tell(what any) {
	p.t.Helper()
	if err := p.told.Encode(what); err != nil {
		p.t.Fatalf("tell openid-client: %v\n%s", err, p.errs)
	}
}

func (p *party) hear(into any) {
	p.t.Helper()
	line, err := p.said.ReadBytes('\n')
	if err != nil && !errors.Is(err, io.EOF) || len(line) == 0 {
		p.t.Fatalf("openid-client said nothing: %v\n%s", err, p.errs)
	}
	if err := json.Unmarshal(line, into); err != nil {
		p.t.Fatalf("openid-client said %s: %v", line, err)
	}
}

// got is what a relying party has in the end.
type got struct {
	Failure      string         `json:"failure"`
	Claims       map[string]any `json:"claims"`
	UserInfo     map[string]any `json:"userinfo"`
	Refreshed    map[string]any `json:"refreshed"`
	Introspected map[string]any `json:"introspected"`
	TokenType    string         `json:"token_type"`
	Scope        string         `json:"scope"`
	End          string         `json:"end"`
}

// outcome is the last line.
func (p *party) outcome() (g got) {
	p.t.Helper()
	if p.hear(&g); g.Failure != "" {
		p.t.Fatalf("openid-client: %s\n%s", g.Failure, p.errs)
	}
	return g
}

// job is what a relying party is told to do.
type job map[string]any

// openidClient registers a client for a relying party and tells it what to do. prepare
// sees the registration before.
func (w *world) openidClient(n client.New, j job) *party {
	w.t.Helper()
	p := newParty(w.t)
	if n.ID == "" {
		n.ID = "party"
	}
	n.Name = "Party"
	if n.IDTokenAlg == "" {
		n.IDTokenAlg = client.ES256
	}
	if n.AuthMethod == client.AuthPrivateKey || n.SignedRequests || n.FAPI == client.FAPI2 {
		n.JWKS = p.keys
	}
	a := w.application(n)
	told := job{
		"flow": "code", "issuer": w.issuer, "client_id": a.ClientID, "secret": a.ClientSecret, "public": n.AuthMethod == client.AuthNone,
		"redirect_uri": callback, "scope": "openid profile email offline_access", "back": "http://127.0.0.1:9/", "alg": n.IDTokenAlg,
	}
	for name, value := range j {
		told[name] = value
	}
	p.tell(told)
	return p
}

// away is where the relying party sends the person.
func (p *party) away() string {
	p.t.Helper()
	var to struct {
		URL     string `json:"url"`
		Failure string `json:"failure"`
	}
	if p.hear(&to); to.URL == "" {
		p.t.Fatalf("openid-client: %s\n%s", to.Failure, p.errs)
	}
	return to.URL
}

// signInAt goes where a relying party sends the person, approves on the phone, and returns
// where the browser ends.
func (w *world) signInAt(b *formbrowser.Browser, address string, p *simulator.Phone) *formbrowser.Page {
	w.t.Helper()
	page, err := b.Get(w.t.Context(), address)
	if err != nil {
		w.t.Fatal(err)
	}
	v := &visit{world: w, b: b, page: page}
	v.password()
	w.approve(p, v.ask(), "")
	v.reload("approved")
	v.press("passcode-submit", "done")
	return v.leave()
}

// leave goes on from the last page of a login: by itself, and by the form that holds the
// answer if there is one.
func (v *visit) leave() *formbrowser.Page {
	v.t.Helper()
	v.follow()
	if v.page.State != "done" {
		return v.page
	}
	end, err := v.b.Press(v.t.Context(), v.page, "continue", nil)
	if err != nil {
		v.t.Fatal(err)
	}
	return end
}

// land tells the relying party where the browser came to.
func (p *party) land(end *formbrowser.Page) {
	p.t.Helper()
	back := job{"url": end.URL.String()}
	if end.Body != "" {
		back["form"] = end.Body
	}
	p.tell(back)
}

// under makes the world report to this test until it is over, so that several tests share
// a server.
func (w *world) under(t *testing.T) {
	before := w.t
	w.t = t
	t.Cleanup(func() { w.t = before })
}

// same holds that a relying party knows who signed in, by everything it asked.
func (w *world) same(g got) {
	w.t.Helper()
	if g.Claims["sub"] != w.user.ID || g.Claims["acr"] == nil || g.Claims["iss"] != w.issuer {
		w.t.Errorf("got the claims %v", g.Claims)
	}
	if g.UserInfo["sub"] != w.user.ID || g.UserInfo["email"] != username+"@example.com" {
		w.t.Errorf("got the userinfo %v", g.UserInfo)
	}
	if strings.Contains(g.Scope, "offline_access") && g.Refreshed["sub"] != w.user.ID {
		w.t.Errorf("refreshed, got the claims %v", g.Refreshed)
	}
}

func TestOpenIDClientSignsInWithWhateverItAsksBy(t *testing.T) {
	w := start(t, "")
	phone := w.phone(w.user, "phone", "")
	for name, row := range map[string]struct {
		client client.New
		job    job
		dpop   bool
	}{
		"a secret":   {},
		"no secret":  {client: client.New{AuthMethod: client.AuthNone}},
		"RS256":      {client: client.New{IDTokenAlg: client.RS256}, job: job{"nonrepudiation": true}},
		"EdDSA":      {client: client.New{IDTokenAlg: client.EdDSA}},
		"its key":    {client: client.New{AuthMethod: client.AuthPrivateKey}},
		"DPoP":       {client: client.New{DPoP: true}, job: job{"dpop": true}, dpop: true},
		"JWT access": {client: client.New{AccessTokens: client.JWTTokens}},
	} {
		t.Run(name, func(t *testing.T) {
			w.under(t)
			row.client.ID = strings.ReplaceAll(strings.ToLower(name), " ", "-")
			p := w.openidClient(row.client, row.job)
			b := w.browser()
			p.land(w.signInAt(b, p.away(), phone))
			g := p.outcome()
			w.same(g)
			if row.dpop != strings.EqualFold(g.TokenType, "dpop") {
				t.Errorf("got token type %q", g.TokenType)
			}
			if row.client.AuthMethod != client.AuthNone && g.Introspected["active"] != true {
				t.Errorf("introspection: got %v", g.Introspected)
			}
			end, err := b.Get(t.Context(), g.End)
			if err != nil || end.URL.String() != "http://127.0.0.1:9/?state=bye" {
				t.Errorf("signing out: got to %v, %v", end, err)
			}
		})
	}
}

func TestOpenIDClientSignsInSomethingWithoutABrowser(t *testing.T) {
	w := start(t, "")
	phone := w.phone(w.user, "phone", "")
	p := w.openidClient(client.New{Grants: []client.Grant{client.AuthorizationCode, client.RefreshToken, client.DeviceCode}}, job{"flow": "device"})
	v := w.at(w.browser(), strings.TrimPrefix(p.away(), w.issuer))
	v.want("link")
	v.press("link-continue", "login")
	v.press("login-submit", "method", "username", username, "password", passphrase)
	w.approve(phone, v.ask(), "")
	v.reload("approved")
	v.press("passcode-submit", "done")
	v.follow()
	v.press("device-allow", "link-allowed")
	w.same(p.outcome())
}
