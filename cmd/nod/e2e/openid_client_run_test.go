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
	"testing"

	"github.com/nod-idp/nod/idp/client"
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
