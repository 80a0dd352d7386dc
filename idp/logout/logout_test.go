package logout_test

import (
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/nod-idp/nod/idp/client"
	"github.com/nod-idp/nod/idp/keys"
	"github.com/nod-idp/nod/idp/logout"
	"github.com/nod-idp/nod/idp/session"
	"github.com/nod-idp/nod/internal/db"
	"github.com/nod-idp/nod/internal/db/dbtest"
	"github.com/nod-idp/nod/internal/instance"
	"github.com/nod-idp/nod/internal/outbound"
	"github.com/nod-idp/nod/internal/outbox"
	"github.com/nod-idp/nod/internal/seal"
)

const issuer = "https://id.example"

// world is a server with clients that hear of logouts, and what they heard.
type world struct {
	*logout.Logout
	t       *testing.T
	clients *client.Clients
	ring    *keys.Ring

	mu     sync.Mutex
	now    time.Time
	status []int // what the clients answer, one after the other; 200 after that
	heard  []*http.Request
	tokens []string
}

func each(t *testing.T, story func(t *testing.T, w *world)) {
	t.Helper()
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) { story(t, newWorld(t, d)) })
}

func newWorld(t *testing.T, d *db.DB) *world {
	t.Helper()
	w := &world{t: t, now: time.Unix(1_800_000_000, 0)}
	in, err := instance.Open(t.Context(), d, seal.NewKey(), w.now)
	must(t, err)
	w.ring = &keys.Ring{DB: d, Box: in.Box, Algorithms: []keys.Algorithm{keys.ES256, keys.EdDSA}}
	must(t, w.ring.Start(t.Context()))
	receiver := httptest.NewServer(http.HandlerFunc(w.receive))
	t.Cleanup(receiver.Close)
	allow, err := outbound.ParseAllow([]string{"127.0.0.1"})
	must(t, err)
	out := &outbound.Client{Allow: allow}
	t.Cleanup(out.CloseIdle)
	w.clients = &client.Clients{DB: d}
	w.Logout = &logout.Logout{
		Outbox: &outbox.Outbox{DB: d, Box: in.Box, Now: w.clock}, Clients: w.clients, Keys: w.ring, Client: out, Issuer: issuer, Now: w.clock,
	}
	for id, alg := range map[string]client.IDTokenAlg{"mail": client.ES256, "wiki": client.EdDSA} {
		_, _, err = w.clients.Add(t.Context(), client.New{
			ID: id, RedirectURIs: []string{"https://" + id + ".example/cb"}, IDTokenAlg: alg, BackchannelLogoutURI: receiver.URL + "/" + id,
		})
		must(t, err)
	}
	_, _, err = w.clients.Add(t.Context(), client.New{ID: "deaf", RedirectURIs: []string{"https://deaf.example/cb"}})
	must(t, err)
	return w
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func (w *world) clock() time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.now
}

func (w *world) pass(d time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.now = w.now.Add(d)
}

func (w *world) receive(rw http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	token, found := strings.CutPrefix(string(body), "logout_token=")
	w.mu.Lock()
	defer w.mu.Unlock()
	if err != nil || !found || strings.ContainsAny(token, "&%") {
		w.t.Errorf("got the body %q, %v", body, err)
	}
	w.heard, w.tokens = append(w.heard, r), append(w.tokens, token)
	if len(w.status) > 0 {
		rw.WriteHeader(w.status[0])
		w.status = w.status[1:]
	}
}

func (w *world) tell(clients ...string) {
	w.t.Helper()
	must(w.t, w.Outbox.DB.Write(w.t.Context(), func(tx *db.Tx) error {
		return w.TellTx(tx, session.Session{ID: "ses_2", SID: "ses_1", UserID: "usr_alice"}, clients)
	}))
}

// settle delivers until every message was tried, and returns them by client.
func (w *world) settle() map[string]outbox.Item {
	w.t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		(&outbox.Job{Outbox: w.Outbox, Log: slog.New(slog.DiscardHandler), Deliver: map[string]outbox.Deliver{logout.Kind: w.Deliver}}).Run(ctx)
	}()
	defer func() { cancel(); <-done }()
	for range 1000 {
		items, err := w.Outbox.List(w.t.Context(), 20)
		must(w.t, err)
		found, tried := map[string]outbox.Item{}, true
		for _, i := range items {
			found[i.Label] = i
			tried = tried && (i.State != outbox.Waiting || i.Failure != "" && i.NextAt.After(w.clock()))
		}
		if tried {
			return found
		}
		time.Sleep(5 * time.Millisecond)
	}
	w.t.Fatal("the outbox is not emptied")
	return nil
}

// open verifies a logout token and returns its header and its claims.
func (w *world) open(token string) (header jose.Header, claims map[string]any) {
	w.t.Helper()
	jws, err := jose.ParseSignedCompact(token, []jose.SignatureAlgorithm{jose.ES256, jose.EdDSA})
	must(w.t, err)
	header = jws.Signatures[0].Protected
	key, err := w.ring.Public(w.t.Context(), header.KeyID)
	must(w.t, err)
	payload, err := jws.Verify(key)
	must(w.t, err)
	must(w.t, json.Unmarshal(payload, &claims))
	return header, claims
}

func TestEveryClientThatWantsToIsToldByALogoutToken(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.tell("mail", "wiki", "deaf", "nobody")
		w.pass(time.Hour) // the token is made when it is sent
		if got := w.settle(); len(got) != 2 || got["mail"].State != outbox.Done || got["wiki"].State != outbox.Done {
			t.Fatalf("got %+v", got)
		}
		seen := map[any]bool{}
		for i, r := range w.heard {
			if r.Method != http.MethodPost || r.Header.Get("Content-Type") != "application/x-www-form-urlencoded" {
				t.Errorf("got %s of %q", r.Method, r.Header.Get("Content-Type"))
			}
			header, claims := w.open(w.tokens[i])
			client := strings.TrimPrefix(r.URL.Path, "/")
			if want := map[string]string{"mail": "ES256", "wiki": "EdDSA"}[client]; header.Algorithm != want || header.ExtraHeaders["typ"] != "logout+jwt" {
				t.Errorf("%s: got %+v", client, header)
			}
			events, _ := claims["events"].(map[string]any)
			event, _ := events["http://schemas.openid.net/event/backchannel-logout"].(map[string]any)
			now := float64(w.clock().Unix())
			if claims["iss"] != issuer || claims["aud"] != client || claims["sub"] != "usr_alice" || claims["sid"] != "ses_1" ||
				claims["iat"] != now || claims["exp"] != now+120 || event == nil || len(event) != 0 || len(events) != 1 {
				t.Errorf("%s: got %v", client, claims)
			}
			if claims["nonce"] != nil || len(claims) != 8 {
				t.Errorf("%s: got more than a logout token holds: %v", client, claims)
			}
			if jti, _ := claims["jti"].(string); jti == "" || seen[jti] {
				t.Errorf("%s: got jti %v", client, claims["jti"])
			}
			seen[claims["jti"]] = true
		}
	})
}

func TestWhatAClientAnswersDecidesWhetherItIsToldAgain(t *testing.T) {
	for name, row := range map[string]struct {
		status []int
		state  outbox.State
		times  int
	}{
		"200 is heard":                    {[]int{200}, outbox.Done, 1},
		"204 is heard":                    {[]int{204}, outbox.Done, 1},
		"400 refuses it for good":         {[]int{400}, outbox.Dead, 1},
		"500 may be better the next time": {[]int{500, 503, 200}, outbox.Done, 3},
		"404 may be better the next time": {[]int{404, 200}, outbox.Done, 2},
		"a redirect is not followed":      {[]int{302, 200}, outbox.Done, 2},
		"an error for a day is too much":  {slow(40), outbox.Dead, 0},
	} {
		t.Run(name, func(t *testing.T) {
			each(t, func(t *testing.T, w *world) {
				w.status = row.status
				w.tell("mail")
				var got outbox.Item
				for range 40 {
					if got = w.settle()["mail"]; got.State != outbox.Waiting {
						break
					}
					w.pass(time.Hour)
				}
				if got.State != row.state || row.times != 0 && len(w.heard) != row.times {
					t.Errorf("got %s (%s) after %d", got.State, got.Failure, len(w.heard))
				}
				jtis := map[any]bool{}
				for _, token := range w.tokens {
					_, claims := w.open(token)
					jtis[claims["jti"]] = true
				}
				if len(jtis) != len(w.tokens) {
					t.Error("a repeated token has the jti of the one before, and looks like a replay")
				}
			})
		})
	}
}

func slow(times int) []int {
	all := make([]int, times)
	for i := range all {
		all[i] = http.StatusInternalServerError
	}
	return all
}

func TestAClientThatChangedItsMindIsNotTold(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.tell("mail", "wiki")
		_, err := w.clients.Set(t.Context(), "mail", func(c *client.Client) error { c.BackchannelLogoutURI = ""; return nil })
		must(t, err)
		must(t, w.clients.Remove(t.Context(), "wiki"))
		for range 100 { // the change is seen within the second
			if c, _ := w.clients.Get(t.Context(), "mail"); c.BackchannelLogoutURI == "" {
				break
			}
			time.Sleep(10 * time.Millisecond)
		}
		if got := w.settle(); got["mail"].State != outbox.Dropped || got["wiki"].State != outbox.Dropped || len(w.heard) != 0 {
			t.Errorf("got %+v, heard %d", got, len(w.heard))
		}
	})
}

func TestNothingIsSentToAPrivateAddressThatNobodyNamed(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.Client = &outbound.Client{}
		w.tell("mail")
		if got := w.settle()["mail"]; got.State != outbox.Waiting || !strings.Contains(got.Failure, "refused") || len(w.heard) != 0 {
			t.Errorf("got %+v, heard %d", got, len(w.heard))
		}
	})
}
