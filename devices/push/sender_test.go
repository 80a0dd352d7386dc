package push_test

import (
	"context"
	"crypto/tls"
	"errors"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/nod-idp/nod/devices/push"
	"github.com/nod-idp/nod/devices/push/pushtest"
	"github.com/nod-idp/nod/internal/db/dbtest"
	"github.com/nod-idp/nod/internal/outbound"
	"github.com/nod-idp/nod/internal/seal"
)

func box() *seal.Box {
	return seal.NewBox("ins_test", seal.NewKey()).WithRoot([]byte("the root secret of this test"))
}

func identity(t testing.TB) *push.Identity {
	t.Helper()
	id, err := push.OpenIdentity(context.Background(), dbtest.SQLite(t), box(), push.IdentityOptions{Subject: "https://id.example.org"})
	if err != nil {
		t.Fatal(err)
	}
	return id
}

// office is a sender and a push service that it knows.
type office struct {
	*push.Sender
	service *pushtest.Service
	log     *strings.Builder
	ahead   time.Duration
}

func newOffice(t testing.TB) *office {
	t.Helper()
	o := &office{service: pushtest.Start(t), log: &strings.Builder{}}
	hosts, err := push.ParseHosts([]string{o.service.Host()})
	if err != nil {
		t.Fatal(err)
	}
	allow, err := outbound.ParseAllow([]string{"127.0.0.1"})
	if err != nil {
		t.Fatal(err)
	}
	client := &outbound.Client{Allow: allow, TLS: &tls.Config{RootCAs: o.service.Roots()}}
	t.Cleanup(client.CloseIdle)
	o.Sender = &push.Sender{
		Client: client, Identity: identity(t), Hosts: hosts, Log: slog.New(slog.NewTextHandler(o.log, nil)),
		Now: func() time.Time { return time.Now().Add(o.ahead) },
	}
	return o
}

func (o *office) subscribe() *pushtest.Installation {
	return o.service.Subscribe(o.Identity.PublicKey())
}

func (o *office) send(t testing.TB, in *pushtest.Installation) push.Result {
	t.Helper()
	return o.Send(t.Context(), in.Subscription, []byte("hello"), push.Options{Until: o.Now().Add(2 * time.Minute), Topic: "a-topic"})
}

func TestAMessageArrivesAsAStrictServiceWantsIt(t *testing.T) {
	o := newOffice(t)
	in := o.subscribe()
	if got := o.send(t, in); got.Outcome != push.Delivered || got.Status != http.StatusCreated || got.Err != nil {
		t.Fatalf("got %+v; refused were %q", got, o.service.Refusals())
	}
	m, text := in.Next(t)
	if string(text) != "hello" {
		t.Errorf("got %q", text)
	}
	if m.TTL < 118*time.Second || m.TTL > 120*time.Second || m.Urgency != "high" || m.Topic != "a-topic" {
		t.Errorf("got TTL %s, urgency %s, topic %s", m.TTL, m.Urgency, m.Topic)
	}
	if len(m.Body) != 512 {
		t.Errorf("got a body of %d bytes, want 512", len(m.Body))
	}
	if agent := m.Header.Get("User-Agent"); agent != "nod" {
		t.Errorf("got user agent %q", agent)
	}
}

func TestANewerMessageOfATopicReplacesTheOlder(t *testing.T) {
	o := newOffice(t)
	in := o.subscribe()
	o.send(t, in)
	o.send(t, in)
	if got := in.Take(); len(got) != 1 {
		t.Errorf("got %d messages, want 1", len(got))
	}
}

func TestEveryAnswerIsUnderstood(t *testing.T) {
	elsewhere := pushtest.Start(t)
	for name, tc := range map[string]struct {
		fault pushtest.Fault
		want  push.Outcome
		again bool
	}{
		"200":                     {pushtest.Status(200), push.Delivered, false},
		"201":                     {pushtest.Status(201), push.Delivered, false},
		"202":                     {pushtest.Status(202), push.Delivered, false},
		"404":                     {pushtest.Status(404), push.Gone, false},
		"410":                     {pushtest.Status(410), push.Gone, false},
		"401":                     {pushtest.Status(401), push.KeyRefused, false},
		"403":                     {pushtest.Status(403), push.KeyRefused, false},
		"413":                     {pushtest.Status(413), push.TooBig, false},
		"400":                     {pushtest.Status(400), push.Rejected, false},
		"a redirect":              {pushtest.Redirect(elsewhere.Origin()), push.Rejected, false},
		"429":                     {pushtest.Status(429), push.Throttled, true},
		"429 with a pause":        {pushtest.Pause(429, "7"), push.Throttled, true},
		"503 with a pause":        {pushtest.Pause(503, "7"), push.Throttled, true},
		"503":                     {pushtest.Status(503), push.Unreachable, true},
		"500":                     {pushtest.Status(500), push.Unreachable, true},
		"408":                     {pushtest.Status(408), push.Unreachable, true},
		"a reset":                 {pushtest.Reset, push.Unreachable, true},
		"a body that has no end":  {pushtest.HugeBody(201), push.Delivered, false},
		"410 and a body that has": {pushtest.HugeBody(410), push.Gone, false},
	} {
		t.Run(name, func(t *testing.T) {
			o := newOffice(t)
			in := o.subscribe()
			o.service.Next(tc.fault)
			began := time.Now()
			got := o.send(t, in)
			if got.Outcome != tc.want || got.Again() != tc.again || (got.Err == nil) != (tc.want == push.Delivered) {
				t.Errorf("got %+v, want %s", got, tc.want)
			}
			if took := time.Since(began); took > 3*time.Second {
				t.Errorf("it took %s", took)
			}
			if got.Err != nil && strings.Contains(got.Err.Error()+o.log.String(), "wpush") {
				t.Errorf("the endpoint is told: %v %s", got.Err, o.log)
			}
			loud := tc.want == push.KeyRefused || tc.want == push.TooBig || tc.want == push.Rejected
			if strings.Contains(o.log.String(), "ERROR") != loud {
				t.Errorf("got log %q, want an alarm: %v", o.log, loud)
			}
		})
	}
	if n := elsewhere.Requests(); n != 0 {
		t.Errorf("the redirect was followed %d times", n)
	}
}

func TestAServiceThatHangsIsGivenUp(t *testing.T) {
	o := newOffice(t)
	in := o.subscribe()
	o.service.Next(pushtest.Hang)
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond) // instead of the 5 s of one try
	defer cancel()
	got := o.Send(ctx, in.Subscription, nil, push.Options{Until: time.Now().Add(time.Minute)})
	if got.Outcome != push.Unreachable || !errors.Is(got.Err, context.DeadlineExceeded) {
		t.Errorf("got %+v", got)
	}
}

func TestAServiceThatIsDeadIsUnreachable(t *testing.T) {
	o := newOffice(t)
	in := o.subscribe()
	o.service.Stop()
	if got := o.send(t, in); got.Outcome != push.Unreachable {
		t.Errorf("got %+v", got)
	}
}

func TestWhatHasExpiredIsNeverSent(t *testing.T) {
	o := newOffice(t)
	in := o.subscribe()
	for _, left := range []time.Duration{-time.Hour, 0, 900 * time.Millisecond} {
		got := o.Send(t.Context(), in.Subscription, nil, push.Options{Until: o.Now().Add(left)})
		if got.Outcome != push.Expired || got.Again() {
			t.Errorf("%s left: got %+v", left, got)
		}
	}
	if n := o.service.Requests(); n != 0 {
		t.Errorf("got %d requests", n)
	}
}

func TestAPauseIsKeptForTheWholeOriginAndNoOther(t *testing.T) {
	for name, header := range map[string]func() string{
		"in seconds": func() string { return "20" },
		"as a date":  func() string { return time.Now().Add(20 * time.Second).UTC().Format(http.TimeFormat) },
	} {
		t.Run(name, func(t *testing.T) {
			o, other := newOffice(t), newOffice(t)
			hosts, err := push.ParseHosts([]string{o.service.Host(), other.service.Host()})
			if err != nil {
				t.Fatal(err)
			}
			o.Hosts = hosts
			in := o.subscribe()
			o.service.Next(pushtest.Pause(429, header()))
			began := o.Now()
			first := o.send(t, in)
			if wait := first.Until.Sub(began); first.Outcome != push.Throttled || wait < 18*time.Second || wait > 28*time.Second {
				t.Fatalf("got %+v, after %s", first, wait)
			}
			if got := o.send(t, o.subscribe()); got.Outcome != push.Throttled || !got.Until.Equal(first.Until) || got.Status != 0 {
				t.Errorf("another device at once: got %+v", got)
			}
			if n := o.service.Requests(); n != 1 {
				t.Errorf("got %d requests during the pause, want 1", n)
			}
			foreign := other.service.Subscribe(o.Identity.PublicKey())
			o.send(t, foreign) // its certificate is not known here; that it was tried is enough
			if got := o.send(t, foreign); got.Outcome == push.Throttled {
				t.Errorf("another push service: got %+v", got)
			}
			o.ahead = time.Until(first.Until) + time.Millisecond
			if got := o.send(t, in); got.Outcome != push.Delivered {
				t.Errorf("after the pause: got %+v", got)
			}
		})
	}
}

func TestAnAbsurdPauseIsCut(t *testing.T) {
	for _, header := range []string{"2000000000", "Fri, 31 Dec 9999 23:59:59 GMT"} {
		o := newOffice(t)
		o.service.Next(pushtest.Pause(503, header))
		if got := o.send(t, o.subscribe()); got.Until.Sub(o.Now()) > 80*time.Minute {
			t.Errorf("%s: got a pause until %s", header, got.Until)
		}
	}
	o := newOffice(t)
	o.service.Next(pushtest.Pause(429, "Sat, 01 Jan 2000 00:00:00 GMT"))
	o.send(t, o.subscribe())
	o.ahead = 2 * time.Second
	if got := o.send(t, o.subscribe()); got.Outcome != push.Delivered {
		t.Errorf("a date that is past: got %+v", got)
	}
}

func TestAServiceThatFailsIsGivenABreakAndThenTriedOnce(t *testing.T) {
	o := newOffice(t)
	in := o.subscribe()
	o.service.Always(pushtest.Status(500))
	var last push.Result
	for range 12 {
		last = o.send(t, in)
	}
	if n := o.service.Requests(); n != 5 {
		t.Errorf("got %d requests, want 5 and then a break", n)
	}
	if wait := last.Until.Sub(o.Now()); last.Outcome != push.Unreachable || wait < 3*time.Second || wait > 9*time.Second {
		t.Fatalf("got %+v", last)
	}
	o.ahead += 10 * time.Second // one try, which fails: a longer break
	for range 5 {
		last = o.send(t, in)
	}
	if n, wait := o.service.Requests(), last.Until.Sub(o.Now()); n != 6 || wait < 9*time.Second {
		t.Errorf("got %d requests, want 6, and a break of %s", n, wait)
	}
	o.ahead += 20 * time.Second
	o.service.Always(nil)
	for range 3 {
		if got := o.send(t, in); got.Outcome != push.Delivered {
			t.Errorf("well again: got %+v", got)
		}
	}
}

func TestATokenThatWasRefusedIsNotUsedAgain(t *testing.T) {
	var used []string
	answers := []int{403, 201, 201}
	s := &push.Sender{Identity: identity(t), Log: slog.New(slog.DiscardHandler), Client: double(func(r *http.Request) (*http.Response, error) {
		used = append(used, r.Header.Get("Authorization"))
		return &http.Response{StatusCode: answers[len(used)-1], Body: http.NoBody}, nil
	})}
	sub := subscription(t, "https://fcm.googleapis.com/x")
	for range answers {
		s.Send(t.Context(), sub, nil, push.Options{Until: time.Now().Add(time.Minute)})
	}
	if used[0] == used[1] || used[1] != used[2] {
		t.Errorf("got %q", used)
	}
}

func TestAKeyThatIsRefusedRaisesOneAlarmAMinute(t *testing.T) {
	o := newOffice(t)
	foreign := o.service.Subscribe(identity(t).PublicKey())
	for _, ahead := range []time.Duration{0, 30 * time.Second, 61 * time.Second} {
		o.ahead = ahead
		if got := o.send(t, foreign); got.Outcome != push.KeyRefused {
			t.Errorf("a subscription under another key: got %+v", got)
		}
	}
	if n := strings.Count(o.log.String(), "ERROR"); n != 2 {
		t.Errorf("got %d alarms, want 2: %s", n, o.log)
	}
}

func TestAHostThatLeftTheListIsNotSentTo(t *testing.T) {
	o := newOffice(t)
	in := o.subscribe()
	o.Hosts = push.Hosts{}
	if got := o.send(t, in); got.Outcome != push.Rejected || !errors.Is(got.Err, push.ErrBadSubscription) {
		t.Errorf("got %+v", got)
	}
	if n := o.service.Requests(); n != 0 {
		t.Errorf("got %d requests", n)
	}
}

func TestAnAddressThatIsNotAllowedIsNotConnectedTo(t *testing.T) {
	o := newOffice(t)
	o.Client = &outbound.Client{}
	if got := o.send(t, o.subscribe()); got.Outcome != push.Rejected || !errors.Is(got.Err, outbound.ErrRefused) {
		t.Errorf("got %+v", got)
	}
}

// double answers as it is told, without a network.
type double func(*http.Request) (*http.Response, error)

func (d double) Do(r *http.Request) (*http.Response, error) { return d(r) }

func TestOneServiceThatHangsDoesNotHoldUpTheOthers(t *testing.T) {
	id := identity(t)
	hung, fine := subscription(t, "https://web.push.apple.com/x"), subscription(t, "https://fcm.googleapis.com/x")
	synctest.Test(t, func(t *testing.T) {
		s := &push.Sender{Identity: id, Client: double(func(r *http.Request) (*http.Response, error) {
			if r.URL.Host == "web.push.apple.com" {
				<-r.Context().Done()
				return nil, r.Context().Err()
			}
			return &http.Response{StatusCode: 201, Body: http.NoBody}, nil
		})}
		var wg sync.WaitGroup
		for range 300 {
			wg.Go(func() {
				began := time.Now()
				s.Send(t.Context(), hung, nil, push.Options{Until: began.Add(2 * time.Minute)})
				if took := time.Since(began); took > 10*time.Second {
					t.Errorf("a message took %s", took)
				}
			})
		}
		synctest.Wait()
		began := time.Now()
		got := s.Send(t.Context(), fine, nil, push.Options{Until: began.Add(2 * time.Minute)})
		if took := time.Since(began); got.Outcome != push.Delivered || took > time.Second {
			t.Errorf("got %+v after %s", got, took)
		}
		wg.Wait()
	})
}

func BenchmarkSend(b *testing.B) {
	s := &push.Sender{Identity: identity(b), Client: double(func(*http.Request) (*http.Response, error) {
		return &http.Response{StatusCode: 201, Body: http.NoBody}, nil
	})}
	sub := subscription(b, "https://fcm.googleapis.com/fcm/send/token")
	payload := []byte(`{"device":"dev_abcdefghijklmnopqrstuvwxyz","wake":"wak_abcdefghijklmnopqrstuvwxyz"}`)
	b.ReportAllocs()
	for b.Loop() {
		if got := s.Send(b.Context(), sub, payload, push.Options{Until: time.Now().Add(time.Minute), Topic: "t"}); got.Err != nil {
			b.Fatal(got.Err)
		}
	}
}

func BenchmarkSendOverTheWire(b *testing.B) {
	o := newOffice(b)
	in := o.subscribe()
	o.service.Always(pushtest.Status(201))
	b.SetParallelism(16)
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			if got := o.send(b, in); got.Err != nil {
				b.Error(got.Err)
			}
		}
	})
}

func subscription(t testing.TB, endpoint string) push.Subscription {
	t.Helper()
	s := pushtest.Start(t).Subscribe("").Subscription
	s.Endpoint = endpoint
	return s
}
