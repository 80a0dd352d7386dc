package signals_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/nod-idp/nod/idp/letters"
	"github.com/nod-idp/nod/idp/signals"
	"github.com/nod-idp/nod/idp/user"
	"github.com/nod-idp/nod/internal/db"
	"github.com/nod-idp/nod/internal/db/dbtest"
	"github.com/nod-idp/nod/internal/instance"
	"github.com/nod-idp/nod/internal/mail"
	"github.com/nod-idp/nod/internal/mail/mailtest"
	"github.com/nod-idp/nod/internal/outbound"
	"github.com/nod-idp/nod/internal/outbox"
	"github.com/nod-idp/nod/internal/seal"
	"github.com/nod-idp/nod/internal/webhook"
)

var at = time.Unix(1_800_000_000, 0).UTC()

// office is where administrators are told.
type office struct {
	*signals.Signals
	t      *testing.T
	spread *signals.Spread
	post   *mailtest.Server
	alice  user.User

	mu     sync.Mutex
	status map[string]int // what the receiver answers, by path
	events map[string][]string
}

func each(t *testing.T, story func(t *testing.T, o *office)) {
	t.Helper()
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) { story(t, newOffice(t, d)) })
}

func newOffice(t *testing.T, d *db.DB) *office {
	t.Helper()
	o := &office{t: t, post: mailtest.Start(t, mailtest.Options{}), status: map[string]int{}, events: map[string][]string{}}
	in, err := instance.Open(t.Context(), d, seal.NewKey(), at)
	must(t, err)
	now := func() time.Time { return at }
	box := &outbox.Outbox{DB: d, Box: in.Box, Now: now}
	users := &user.Users{DB: d, Now: now}
	o.alice, err = users.Add(t.Context(), user.New{Name: "alice"})
	must(t, err)
	server, err := mail.ParseServer(o.post.URL())
	must(t, err)
	hooks := httptest.NewServer(http.HandlerFunc(o.receive))
	t.Cleanup(hooks.Close)
	allow, err := outbound.ParseAllow([]string{"127.0.0.1"})
	must(t, err)
	client := &outbound.Client{Allow: allow}
	t.Cleanup(client.CloseIdle)
	o.Signals = &signals.Signals{Outbox: box}
	o.spread = &signals.Spread{
		Outbox: box, Users: users, Log: slog.New(slog.DiscardHandler), AlertTo: []string{"ops@example.org"},
		Letters:  &letters.Letters{Outbox: box, Users: users, Sender: &mail.Sender{Server: server, From: "id@example.org"}, Now: now},
		Webhooks: []string{hooks.URL + "/one", hooks.URL + "/two"}, Poster: &webhook.Poster{Client: client, Secret: make([]byte, 24), Now: now},
	}
	return o
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func (o *office) receive(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	o.mu.Lock()
	defer o.mu.Unlock()
	if status := o.status[r.URL.Path]; status != 0 {
		w.WriteHeader(status)
		return
	}
	o.events[r.URL.Path] = append(o.events[r.URL.Path], r.Header.Get("webhook-id")+" "+string(body))
}

func (o *office) record(e signals.Event) {
	o.t.Helper()
	must(o.t, o.Outbox.DB.Write(o.t.Context(), func(tx *db.Tx) error { return o.RecordTx(tx, e) }))
}

// settle runs the job until every message was tried, and returns how many are in a state.
func (o *office) settle() map[outbox.State]int {
	o.t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		(&outbox.Job{Outbox: o.Outbox, Log: slog.New(slog.DiscardHandler), Deliver: map[string]outbox.Deliver{
			signals.KindSignal: o.spread.Deliver, signals.KindWebhook: o.spread.Call, letters.KindMail: o.spread.Letters.DeliverMail,
		}}).Run(ctx)
	}()
	defer func() { cancel(); <-done }()
	for range 1000 {
		items, err := o.Outbox.List(o.t.Context(), 20)
		must(o.t, err)
		states, tried := map[outbox.State]int{}, len(items) > 0
		for _, i := range items {
			states[i.State]++
			tried = tried && (i.State != outbox.Waiting || i.Failure != "")
		}
		if tried {
			return states
		}
		time.Sleep(5 * time.Millisecond)
	}
	o.t.Fatal("the outbox is not emptied")
	return nil
}

func (o *office) reported() signals.Event {
	return signals.Event{ID: "evt_1", Type: signals.SignInReported, User: o.alice.ID, Client: "mail", IP: "192.0.2.1", Device: "dev_1", At: at,
		Detail: map[string]any{"browser": "Firefox on Linux"}}
}

func TestAdministratorsAreToldOfAnEvent(t *testing.T) {
	each(t, func(t *testing.T, o *office) {
		o.record(o.reported())
		o.record(o.reported()) // the same once more
		if got := o.settle(); got[outbox.Done] != 4 || len(got) != 1 {
			t.Errorf("got %v, want the event, two webhooks and a mail", got)
		}
		m := o.post.Next()
		for _, want := range []string{"sign-in.reported", "alice " + o.alice.ID, "mail", "192.0.2.1", "dev_1", "browser: Firefox on Linux"} {
			if !strings.Contains(m.Text, want) {
				t.Errorf("the mail lacks %q: %s", want, m.Text)
			}
		}
		for _, path := range []string{"/one", "/two"} {
			if len(o.events[path]) != 1 {
				t.Fatalf("%s: got %q", path, o.events[path])
			}
			id, body, _ := strings.Cut(o.events[path][0], " ")
			var event struct {
				ID, Type, At string
				Data         map[string]any
			}
			if err := json.Unmarshal([]byte(body), &event); err != nil || id != "evt_1" || event.ID != id || event.Type != "sign-in.reported" ||
				event.At != "2027-01-15T08:00:00.000Z" || event.Data["user"] != o.alice.ID || event.Data["user_name"] != "alice" || event.Data["ip"] != "192.0.2.1" {
				t.Errorf("%s: got %s, %v", path, body, err)
			}
		}
		o.post.None()
	})
}

func TestSpreadingTwiceTellsOnce(t *testing.T) {
	each(t, func(t *testing.T, o *office) {
		payload, err := json.Marshal(o.reported())
		must(t, err)
		for range 2 { // as after a crash
			must(t, o.spread.Deliver(t.Context(), "evt_1", payload))
		}
		if got := o.settle(); got[outbox.Done] != 3 {
			t.Errorf("got %v, want two webhooks and a mail", got)
		}
	})
}

func TestAReceiverThatFailsHoldsUpNoOther(t *testing.T) {
	each(t, func(t *testing.T, o *office) {
		o.status["/one"] = http.StatusInternalServerError
		o.status["/two"] = http.StatusGone
		o.record(o.reported())
		if got := o.settle(); got[outbox.Waiting] != 1 || got[outbox.Dead] != 1 || got[outbox.Done] != 2 {
			t.Errorf("got %v, want one to be tried again and one to be given up", got)
		}
		o.post.Next()
	})
}

func TestAWebhookThatWasTakenOutOfTheSettingsIsNotCalled(t *testing.T) {
	each(t, func(t *testing.T, o *office) {
		payload, err := json.Marshal(o.reported())
		must(t, err)
		must(t, o.spread.Deliver(t.Context(), "evt_1", payload))
		o.spread.Webhooks = o.spread.Webhooks[:1]
		if got := o.settle(); got[outbox.Dropped] != 1 || len(o.events["/two"]) != 0 {
			t.Errorf("got %v", got)
		}
	})
}

func TestAnEventOfARolledBackChangeIsNotTold(t *testing.T) {
	each(t, func(t *testing.T, o *office) {
		changed := errors.New("the change failed")
		err := o.Outbox.DB.Write(t.Context(), func(tx *db.Tx) error {
			must(t, o.RecordTx(tx, o.reported()))
			return changed
		})
		items, listed := o.Outbox.List(t.Context(), 10)
		if !errors.Is(err, changed) || listed != nil || len(items) != 0 {
			t.Errorf("got %v, %v, %v", err, listed, items)
		}
	})
}

func TestNobodyToTellIsNoFault(t *testing.T) {
	var none *signals.Signals
	if err := none.RecordTx(nil, signals.Event{Type: signals.PasswordReset}); err != nil {
		t.Error(err)
	}
}
