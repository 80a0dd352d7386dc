package e2e

import (
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/nod-idp/nod/cmd/nod/config"
	"github.com/nod-idp/nod/cmd/nod/server"
	"github.com/nod-idp/nod/internal/db/dbtest"
	"github.com/nod-idp/nod/internal/trace"
)

// watched is a world that tells figures and spans.
type watched struct {
	*world
	address string
	spans   *lockedBuffer
	secrets []string // what must not be in the spans
}

// watchedEach runs a story on both databases.
func watchedEach(t *testing.T, story func(t *testing.T, w *watched)) {
	t.Helper()
	for engine, database := range map[string]func(testing.TB) string{
		"sqlite": func(testing.TB) string { return "" }, "postgres": dbtest.PostgresURL,
	} {
		t.Run(engine, func(t *testing.T) {
			t.Parallel()
			l, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			w := &watched{address: "http://" + l.Addr().String() + "/metrics", spans: &lockedBuffer{}}
			collector := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { _, _ = io.Copy(w.spans, r.Body) }))
			t.Cleanup(collector.Close)
			tracer, err := trace.FromEnvironment(func(name string) string {
				return map[string]string{"OTEL_EXPORTER_OTLP_ENDPOINT": collector.URL}[name]
			}, "test", slog.Default())
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(w.spansAreClean) // the server has ended by then, and sent everything
			w.world = startWith(t, server.Options{Place: config.Place{Database: database(t)}, Metrics: l, Tracer: tracer})
			story(t, w)
		})
	}
}

func (w *watched) figures(t *testing.T) string {
	t.Helper()
	res, body := get(t, w.address)
	if res.StatusCode != http.StatusOK || !strings.HasPrefix(res.Header.Get("Content-Type"), "text/plain; version=0.0.4") {
		t.Fatalf("got %d, %v", res.StatusCode, res.Header)
	}
	return body
}

// figure wants one line among the figures.
func figure(t *testing.T, all, line string) {
	t.Helper()
	if !strings.Contains("\n"+all, "\n"+line+"\n") {
		name, _, _ := strings.Cut(line, " ")
		for l := range strings.Lines(all) {
			if strings.HasPrefix(l, name[:strings.IndexAny(name+"{", "{")]) {
				t.Log(strings.TrimSpace(l))
			}
		}
		t.Errorf("want %q", line)
	}
}

func TestALoginMovesTheRightFiguresAndShowsNoSecret(t *testing.T) {
	watchedEach(t, func(t *testing.T, w *watched) {
		p := w.phone(w.user, "phone", "")
		v := w.visit(w.browser(), w.app)
		v.press("login-submit", "login", "username", username, "password", "not her passphrase at all")
		v.password()
		passcode := w.approve(p, v.ask(), "")
		v.reload("approved")
		v.press("passcode-submit", "done")
		v.tokens(v.code())
		if _, err := v.app.Exchange(t.Context(), "canary-code"); err == nil {
			t.Error("a code that nobody issued was redeemed")
		}
		all := w.figures(t)
		for _, line := range []string{
			`nod_logins_total{outcome="begun"} 1`, `nod_logins_total{outcome="wrong_password"} 1`, `nod_logins_total{outcome="finished"} 1`,
			`nod_login_seconds_count 1`, `nod_challenges_total{state="created"} 1`, `nod_challenges_total{state="approved"} 1`,
			`nod_challenges_total{state="verified"} 1`, `nod_challenge_answer_seconds_count 1`,
			`nod_token_requests_total{grant="authorization_code",result="ok"} 1`,
			`nod_token_requests_total{grant="authorization_code",result="invalid_grant"} 1`,
			`nod_http_requests_total{route="POST /oauth/token",status="2xx"} 1`,
			`nod_journal_entries_total{action="session.started",outcome="ok"} 1`,
			`nod_database_up 1`, `nod_ready 1`, `nod_database_commit_failures_total 0`,
		} {
			figure(t, all, line)
		}
		for _, secret := range append(w.seen, passphrase, "not her passphrase", passcode, "canary-code", w.user.ID, username, "127.0.0.1") {
			if strings.Contains(all, secret) {
				t.Errorf("the figures hold %.12s…", secret)
			}
		}
		w.secrets = append(w.seen, passphrase, passcode, "canary-code", w.user.ID, username)
	})
}

// spansAreClean looks at everything that was sent to the collector.
func (w *watched) spansAreClean() {
	text := w.spans.String()
	for _, name := range []string{"POST /oauth/token", "database write", "password hash", "nod.request_id"} {
		if w.secrets != nil && !strings.Contains(text, name) {
			w.t.Errorf("no span has %q", name)
		}
	}
	for _, secret := range w.secrets {
		if strings.Contains(text, secret) {
			w.t.Errorf("the spans hold %.12s…", secret)
		}
	}
}

func TestWhoeverAsksForManyThingsMakesNoSeries(t *testing.T) {
	watchedEach(t, func(t *testing.T, w *watched) {
		count := func() int { return strings.Count(w.figures(t), "\n") }
		ask := func(n int) {
			var wg sync.WaitGroup
			for hand := range 4 {
				wg.Go(func() {
					for i := range n {
						for _, r := range []struct{ method, path, body string }{
							{"GET", fmt.Sprintf("/canary-%d-%d", hand, i), ""},
							{"GET", fmt.Sprintf("/login/canary-%d-%d", hand, i), ""},
							{fmt.Sprintf("CANARY%c", 'A'+i%26), "/", ""},
							{"POST", "/oauth/token", fmt.Sprintf("grant_type=canary-%d-%d&client_id=canary", hand, i)},
						} {
							req, err := http.NewRequest(r.method, w.issuer+r.path, strings.NewReader(r.body))
							if err != nil {
								t.Error(err)
								return
							}
							req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
							res, err := http.DefaultClient.Do(req)
							if err != nil {
								t.Error(err)
								return
							}
							_ = res.Body.Close()
						}
					}
				})
			}
			wg.Wait()
		}
		ask(2)
		before := count()
		ask(15)
		// A job that ran meanwhile may add a line of its own.
		if after := count(); after > before+10 {
			t.Errorf("got %d lines after %d", after, before)
		}
		if all := w.figures(t); strings.Contains(strings.ToLower(all), "canary") {
			t.Error("a stranger's word stands among the figures")
		}
	})
}

func TestFiguresAreNotForThePublic(t *testing.T) {
	i := install(t)
	i.start()
	if res, _ := get(t, i.issuer+"/metrics"); res.StatusCode != http.StatusNotFound {
		t.Errorf("the public listener: got %d, want 404", res.StatusCode)
	}
	if strings.Contains(i.log.String(), "figures") {
		t.Error("figures are told though nobody asked for it")
	}
	for _, setting := range []string{"nowhere", i.listen} {
		if _, err := i.run("", "serve", "--data", t.TempDir(), "--listen", i.listen, "--metrics", setting); err == nil || !strings.Contains(err.Error(), "metrics") {
			t.Errorf("--metrics %s: got %v, want a refusal that names it", setting, err)
		}
	}
}

func TestEveryLineOfTheLogIsOneValueOfJSON(t *testing.T) {
	i := install(t)
	i.start()
	_, _ = get(t, i.issuer+"/nothing%0a%7b%22level%22")
	i.stop()
	for line := range strings.Lines(i.log.String()) {
		var value map[string]any
		if err := json.Unmarshal([]byte(line), &value); err != nil || value["time"] == nil || value["level"] == nil || value["msg"] == nil {
			t.Errorf("got %s, %v", line, err)
		}
	}
}
