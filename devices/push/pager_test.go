package push_test

import (
	"bytes"
	"crypto/tls"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/nod-idp/nod/devices/push"
	"github.com/nod-idp/nod/devices/push/pushtest"
	"github.com/nod-idp/nod/internal/db"
	"github.com/nod-idp/nod/internal/db/dbtest"
	"github.com/nod-idp/nod/internal/outbound"
	"github.com/nod-idp/nod/internal/seal"
)

// world is a pager with a database and a push service.
type world struct {
	*push.Pager
	t       *testing.T
	db      *db.DB
	box     *seal.Box
	key     string
	service *pushtest.Service
	log     *bytes.Buffer
	ahead   time.Duration
}

func each(t *testing.T, story func(t *testing.T, w *world)) {
	t.Helper()
	dbtest.Each(t, func(t *testing.T, d *db.DB) { story(t, newWorld(t, d)) })
}

func newWorld(t *testing.T, d *db.DB) *world {
	t.Helper()
	w := &world{t: t, db: d, box: box(), service: pushtest.Start(t), log: &bytes.Buffer{}}
	now := func() time.Time { return time.Now().Add(w.ahead) }
	id, err := push.OpenIdentity(t.Context(), d, w.box, push.IdentityOptions{Subject: "https://id.example.org", Now: now})
	if err != nil {
		t.Fatal(err)
	}
	hosts, err := push.ParseHosts([]string{w.service.Host()})
	if err != nil {
		t.Fatal(err)
	}
	allow, err := outbound.ParseAllow([]string{"127.0.0.1"})
	if err != nil {
		t.Fatal(err)
	}
	client := &outbound.Client{Allow: allow, TLS: &tls.Config{RootCAs: w.service.Roots()}}
	t.Cleanup(client.CloseIdle)
	w.key = id.PublicKey()
	w.Pager = &push.Pager{
		Subscriptions: &push.Subscriptions{DB: d, Box: w.box, Hosts: hosts, Now: now},
		Sender:        &push.Sender{Client: client, Identity: id, Hosts: hosts, Now: now, Log: slog.New(slog.NewTextHandler(w.log, nil))},
	}
	return w
}

// subscribe gives a device a subscription of its own.
func (w *world) subscribe(deviceIDs ...string) *pushtest.Installation {
	w.t.Helper()
	in := w.service.Subscribe(w.key)
	for _, id := range deviceIDs {
		w.set(id, in.Subscription)
	}
	return in
}

func (w *world) set(deviceID string, sub push.Subscription) {
	w.t.Helper()
	if err := w.Subscriptions.Set(w.t.Context(), deviceID, sub); err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) wake(deviceID string) push.Result {
	w.t.Helper()
	return w.Wake(w.t.Context(), deviceID, "wak_1", time.Now().Add(w.ahead).Add(2*time.Minute))
}

func (w *world) state(deviceID string) push.Channel {
	w.t.Helper()
	c, err := w.Subscriptions.State(w.t.Context(), deviceID)
	if err != nil {
		w.t.Fatal(err)
	}
	return c
}

func (w *world) audited(action, subject string) (n int) {
	w.t.Helper()
	if err := w.db.Get(w.t.Context(), &n, "SELECT count(*) FROM audit WHERE action = $1 AND subject = $2", action, subject); err != nil {
		w.t.Fatal(err)
	}
	return n
}

// "The payload holds only an opaque id; details are fetched after device auth."
func TestAWakeUpHoldsTwoIdsAndNothingElse(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		in := w.subscribe("dev_1")
		if got := w.wake("dev_1"); got.Outcome != push.Delivered {
			t.Fatalf("got %+v; refused were %q", got, w.service.Refusals())
		}
		m, text := in.Next(t)
		var payload map[string]any
		if err := json.Unmarshal(text, &payload); err != nil {
			t.Fatal(err)
		}
		if len(payload) != 2 || payload["device"] != "dev_1" || payload["wake"] != "wak_1" {
			t.Errorf("got %s", text)
		}
		if !regexp.MustCompile(`^[A-Za-z0-9_-]{32}$`).MatchString(m.Topic) || strings.Contains(m.Topic, "dev_1") {
			t.Errorf("got topic %q", m.Topic)
		}
		if m.Urgency != "high" || m.TTL < 118*time.Second || m.TTL > 120*time.Second {
			t.Errorf("got urgency %s and TTL %s", m.Urgency, m.TTL)
		}
	})
}

func TestEachDeviceHasATopicOfItsOwn(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		in := w.subscribe("dev_1", "dev_2") // two accounts of one installation
		w.wake("dev_1")
		w.wake("dev_2")
		w.wake("dev_1")
		if got := in.Take(); len(got) != 2 || got[0].Topic == got[1].Topic {
			t.Errorf("got %d messages waiting, want the latest of each device", len(got))
		}
	})
}

func TestNothingReadableIsStored(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		in := w.subscribe("dev_1")
		var rows []struct {
			Hash         []byte `db:"endpoint_hash"`
			Subscription []byte
		}
		if err := w.db.Select(t.Context(), &rows, "SELECT endpoint_hash, subscription FROM push_subscriptions"); err != nil || len(rows) != 1 {
			t.Fatal(rows, err)
		}
		for _, secret := range [][]byte{[]byte(in.Endpoint), []byte("wpush"), in.Auth, in.P256DH} {
			if bytes.Contains(rows[0].Subscription, secret) || bytes.Contains(rows[0].Hash, secret) {
				t.Errorf("%q is stored in the clear", secret)
			}
		}
		// A row that is moved to another device does not open there.
		err := w.db.Write(t.Context(), func(tx *db.Tx) error {
			_, err := tx.Exec("UPDATE push_subscriptions SET device_id = $1", "dev_2")
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		if got := w.wake("dev_2"); !errors.Is(got.Err, seal.ErrDamaged) {
			t.Errorf("got %+v, want ErrDamaged", got)
		}
	})
}

func TestADeviceWithoutASubscriptionIsNotWoken(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.subscribe("dev_1")
		if got := w.wake("dev_2"); got.Outcome != push.Unsubscribed || got.Again() {
			t.Errorf("never subscribed: got %+v", got)
		}
		if err := w.Subscriptions.Drop(t.Context(), "dev_1"); err != nil {
			t.Fatal(err)
		}
		if got := w.wake("dev_1"); got.Outcome != push.Unsubscribed {
			t.Errorf("dropped: got %+v", got)
		}
		w.subscribe("dev_3")
		if err := w.db.Write(t.Context(), func(tx *db.Tx) error { return push.DropTx(tx, "dev_3") }); err != nil {
			t.Fatal(err)
		}
		if got := w.wake("dev_3"); got.Outcome != push.Unsubscribed {
			t.Errorf("ended: got %+v", got)
		}
		if n := w.service.Requests(); n != 0 {
			t.Errorf("got %d requests", n)
		}
		if w.audited("device.push.unsubscribed", "dev_1") != 1 {
			t.Error("the drop is not in the journal")
		}
		if err := w.Subscriptions.Drop(t.Context(), "dev_1"); err != nil || w.audited("device.push.unsubscribed", "dev_1") != 1 {
			t.Errorf("dropping again: got %v", err)
		}
	})
}

func TestAnEndpointThatIsGoneEndsEverySubscriptionWithIt(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		in := w.subscribe("dev_1", "dev_2")
		other := w.subscribe("dev_3")
		in.Unsubscribe()
		if got := w.wake("dev_1"); got.Outcome != push.Gone {
			t.Fatalf("got %+v", got)
		}
		for _, id := range []string{"dev_1", "dev_2"} {
			if c := w.state(id); c.Subscribed || !c.Gone || c.Failure != push.Gone || c.FailedAt.IsZero() {
				t.Errorf("%s: got %+v", id, c)
			}
			if w.audited("device.push.gone", id) != 1 {
				t.Errorf("%s: not in the journal", id)
			}
			if got := w.wake(id); got.Outcome != push.Unsubscribed {
				t.Errorf("%s again: got %+v", id, got)
			}
		}
		var left int
		err := w.db.Get(t.Context(), &left, "SELECT count(*) FROM push_subscriptions WHERE state = 'gone' AND (subscription IS NOT NULL OR endpoint_hash IS NOT NULL)")
		if err != nil || left != 0 {
			t.Errorf("got %d endpoints that were not erased, %v", left, err)
		}
		if got := w.wake("dev_3"); got.Outcome != push.Delivered || len(other.Take()) != 1 {
			t.Errorf("another installation: got %+v", got)
		}
		w.subscribe("dev_1") // the app was opened and has a new one
		if c := w.state("dev_1"); !c.Subscribed || c.Gone || c.Failure != "" || !c.FailedAt.IsZero() {
			t.Errorf("subscribed anew: got %+v", c)
		}
		if got := w.wake("dev_1"); got.Outcome != push.Delivered {
			t.Errorf("subscribed anew: got %+v", got)
		}
	})
}

// The 410 of an old endpoint comes when the device has a new one already.
func TestALateGoneDoesNotEndANewSubscription(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.subscribe("dev_1")
		fresh := w.service.Subscribe(w.key)
		arrived, release := make(chan struct{}), make(chan struct{})
		w.service.Next(func(rw http.ResponseWriter, _ *http.Request) {
			close(arrived)
			<-release
			rw.WriteHeader(410)
		})
		done := make(chan push.Result)
		go func() { done <- w.wake("dev_1") }()
		<-arrived
		w.set("dev_1", fresh.Subscription)
		close(release)
		if got := <-done; got.Outcome != push.Gone {
			t.Fatalf("got %+v", got)
		}
		if c := w.state("dev_1"); !c.Subscribed || c.Gone {
			t.Errorf("got %+v", c)
		}
	})
}

func TestThePersonIsToldTheTruthAboutTheChannel(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		if c := w.state("dev_1"); c != (push.Channel{}) {
			t.Errorf("never subscribed: got %+v", c)
		}
		w.subscribe("dev_1")
		c := w.state("dev_1")
		if !c.Subscribed || c.ChangedAt.IsZero() || !c.DeliveredAt.IsZero() || !c.FailedAt.IsZero() || c.Failure != "" {
			t.Errorf("subscribed: got %+v", c)
		}
		w.wake("dev_1")
		first := w.state("dev_1")
		if first.DeliveredAt.IsZero() || !first.FailedAt.IsZero() {
			t.Errorf("delivered: got %+v", first)
		}
		w.service.Next(pushtest.Status(500))
		w.ahead = time.Second
		w.wake("dev_1")
		if c = w.state("dev_1"); c.Failure != push.Unreachable || c.FailedAt.IsZero() || !c.DeliveredAt.Equal(first.DeliveredAt) {
			t.Errorf("failed: got %+v", c)
		}
		w.ahead = 2 * time.Second
		w.wake("dev_1")
		if c = w.state("dev_1"); c.Failure != "" || !c.FailedAt.IsZero() || !c.DeliveredAt.After(first.DeliveredAt) {
			t.Errorf("delivered again: got %+v", c)
		}
		w.ahead = 20 * time.Second // that close together, nothing is written
		w.wake("dev_1")
		if again := w.state("dev_1"); again != c {
			t.Errorf("got %+v, want no change from %+v", again, c)
		}
	})
}

func TestSayingTheSameAgainWritesNothing(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		in := w.subscribe("dev_1")
		before := w.state("dev_1")
		w.ahead = time.Hour
		w.set("dev_1", in.Subscription)
		if err := w.db.Write(t.Context(), func(tx *db.Tx) error { return w.Subscriptions.SetTx(tx, "dev_1", in.Subscription) }); err != nil {
			t.Fatal(err)
		}
		if after := w.state("dev_1"); after != before || w.audited("device.push.subscribed", "dev_1") != 1 {
			t.Errorf("got %+v, want %+v", after, before)
		}
		w.set("dev_1", w.service.Subscribe(w.key).Subscription)
		if after := w.state("dev_1"); !after.ChangedAt.After(before.ChangedAt) || w.audited("device.push.subscribed", "dev_1") != 2 {
			t.Errorf("a new one: got %+v", after)
		}
	})
}

func TestASubscriptionElsewhereIsNotTaken(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		sub := w.service.Subscribe(w.key).Subscription
		sub.Endpoint = "https://evil.example/x"
		if err := w.Subscriptions.Set(t.Context(), "dev_1", sub); !errors.Is(err, push.ErrBadSubscription) {
			t.Errorf("got %v", err)
		}
		err := w.db.Write(t.Context(), func(tx *db.Tx) error { return w.Subscriptions.SetTx(tx, "dev_1", sub) })
		if !errors.Is(err, push.ErrBadSubscription) || w.state("dev_1").Subscribed {
			t.Errorf("got %v", err)
		}
	})
}

func TestOnlyDevicesThatCanBeWokenAreReachable(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.subscribe("dev_1")
		w.subscribe("dev_2").Unsubscribe()
		w.wake("dev_2")
		err := w.db.Write(t.Context(), func(tx *db.Tx) error {
			got, err := w.ReachableTx(tx, []string{"dev_1", "dev_2", "dev_3"})
			if !got["dev_1"] || got["dev_2"] || got["dev_3"] {
				t.Errorf("got %v", got)
			}
			return err
		})
		if err != nil {
			t.Error(err)
		}
	})
}

func TestNoEndpointReachesTheLog(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		in := w.subscribe("dev_1")
		for _, fault := range []pushtest.Fault{pushtest.Status(403), pushtest.Reset, pushtest.Status(400), pushtest.Hang} {
			w.service.Next(fault)
			w.ahead += 2 * time.Minute
			ctx := t.Context()
			if got := w.Wake(ctx, "dev_1", "wak_1", time.Now().Add(w.ahead).Add(1500*time.Millisecond)); got.Err == nil || strings.Contains(got.Err.Error(), "wpush") {
				t.Errorf("got %v", got.Err)
			}
		}
		token := in.Endpoint[strings.LastIndex(in.Endpoint, "/")+1:]
		if strings.Contains(w.log.String(), token) || w.log.Len() == 0 {
			t.Errorf("got log %s", w.log)
		}
	})
}
