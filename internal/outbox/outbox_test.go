package outbox_test

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/nod-idp/nod/internal/db"
	"github.com/nod-idp/nod/internal/db/dbtest"
	"github.com/nod-idp/nod/internal/instance"
	"github.com/nod-idp/nod/internal/outbox"
	"github.com/nod-idp/nod/internal/seal"
)

// room is an outbox, with a clock that the test sets.
type room struct {
	*outbox.Outbox
	t     *testing.T
	began time.Time
	ahead atomic.Int64
}

func each(t *testing.T, story func(t *testing.T, o *room)) {
	t.Helper()
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		r := &room{t: t, began: time.UnixMilli(1_800_000_000_000)}
		in, err := instance.Open(t.Context(), d, seal.NewKey(), r.began)
		must(t, err)
		r.Outbox = &outbox.Outbox{DB: d, Box: in.Box, Now: func() time.Time { return r.began.Add(time.Duration(r.ahead.Load())) }}
		story(t, r)
	})
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// pass moves the clock and wakes the jobs, as their poll would.
func (o *room) pass(d time.Duration) {
	o.ahead.Add(int64(d))
	must(o.t, o.DB.Write(o.t.Context(), func(tx *db.Tx) error {
		tx.Announce("outbox")
		return nil
	}))
}

func (o *room) add(m outbox.Message) {
	o.t.Helper()
	must(o.t, o.DB.Write(o.t.Context(), func(tx *db.Tx) error { return o.AddTx(tx, m) }))
}

// run runs a job until the test ends, or until it is told to begin nothing more.
func (o *room) run(deliver outbox.Deliver) (stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() {
		(&outbox.Job{Outbox: o.Outbox, Deliver: map[string]outbox.Deliver{"mail": deliver}, Log: slog.New(slog.DiscardHandler)}).Run(ctx)
	})
	o.t.Cleanup(func() { cancel(); running.Wait() })
	return cancel
}

// comes waits until the only message is as wanted.
func (o *room) comes(what string, as func(outbox.Item) bool) outbox.Item {
	o.t.Helper()
	var items []outbox.Item
	for range 1000 {
		var err error
		items, err = o.List(o.t.Context(), 10)
		must(o.t, err)
		if len(items) == 1 && as(items[0]) {
			return items[0]
		}
		time.Sleep(5 * time.Millisecond)
	}
	o.t.Fatalf("want %s, got %+v", what, items)
	return outbox.Item{}
}

func in(state outbox.State) func(outbox.Item) bool {
	return func(i outbox.Item) bool { return i.State == state }
}

func (o *room) audited(action string) (n int) {
	must(o.t, o.DB.Get(o.t.Context(), &n, "SELECT count(*) FROM audit WHERE action = $1", action))
	return n
}

func TestAMessageIsDeliveredAndForgottenAfterAWeek(t *testing.T) {
	each(t, func(t *testing.T, o *room) {
		got := make(chan string, 1)
		o.run(func(_ context.Context, id string, payload []byte) error {
			got <- id + " " + string(payload)
			return nil
		})
		o.add(outbox.Message{ID: "out_1", Kind: "mail", Label: "greeting", UserID: "usr_1", Payload: []byte("hello")})
		if text := <-got; text != "out_1 hello" {
			t.Errorf("got %q", text)
		}
		i := o.comes("done", in(outbox.Done))
		if i.Attempts != 1 || i.Failure != "" || i.DoneAt.IsZero() || !i.NextAt.IsZero() || i.Label != "greeting" || i.UserID != "usr_1" {
			t.Errorf("got %+v", i)
		}
		var payload []byte
		must(t, o.DB.Get(t.Context(), &payload, "SELECT payload FROM outbox"))
		if len(payload) != 0 {
			t.Error("what was delivered is still there")
		}
		o.add(outbox.Message{ID: "out_1", Kind: "mail", Payload: []byte("again")})
		for _, row := range []struct {
			after time.Duration
			want  int64
		}{{6 * 24 * time.Hour, 0}, {24 * time.Hour, 1}} {
			o.pass(row.after)
			if n, err := o.Sweep(t.Context(), 10); n != row.want || err != nil {
				t.Errorf("swept %d, %v, want %d", n, err, row.want)
			}
		}
		if len(got) != 0 {
			t.Error("a message was delivered a second time")
		}
	})
}

func TestAMessageOfARolledBackChangeIsNeverDelivered(t *testing.T) {
	each(t, func(t *testing.T, o *room) {
		changed := errors.New("the change failed")
		err := o.DB.Write(t.Context(), func(tx *db.Tx) error {
			must(t, o.AddTx(tx, outbox.Message{Kind: "mail", Payload: []byte("x")}))
			return changed
		})
		items, listed := o.List(t.Context(), 10)
		if !errors.Is(err, changed) || listed != nil || len(items) != 0 {
			t.Errorf("got %v, %v, %+v", err, listed, items)
		}
	})
}

func TestTheStoredPayloadIsSealed(t *testing.T) {
	each(t, func(t *testing.T, o *room) {
		o.add(outbox.Message{Kind: "mail", Payload: []byte("a secret code")})
		var n int
		must(t, o.DB.Get(t.Context(), &n, "SELECT count(*) FROM outbox WHERE payload = $1", []byte("a secret code")))
		if n != 0 {
			t.Error("the payload can be read in the database")
		}
	})
}

func TestAFailureIsTriedAgainWithLongerAndLongerPausesAndGivenUpAfterADay(t *testing.T) {
	each(t, func(t *testing.T, o *room) {
		var tries atomic.Int64
		var works atomic.Bool
		o.run(func(context.Context, string, []byte) error {
			tries.Add(1)
			if works.Load() {
				return nil
			}
			return errors.New("the server is away")
		})
		o.add(outbox.Message{Kind: "mail", UserID: "usr_1", Payload: []byte("x")})
		var item outbox.Item
		for n := 1; ; n++ {
			for tries.Load() < int64(n) {
				time.Sleep(time.Millisecond)
			}
			pause := min(time.Hour, 5*time.Second<<min(n-1, 12))
			item = o.comes("a pause twice as long, or the end", func(i outbox.Item) bool {
				return i.State == outbox.Dead || i.Attempts == n && i.Failure != "" && i.NextAt.Sub(o.Now()) == pause
			})
			if item.State == outbox.Dead {
				break
			}
			o.pass(pause)
		}
		if item.Failure != "the server is away" || o.Now().Sub(item.MadeAt) < 22*time.Hour || o.audited("outbox.given_up") != 1 {
			t.Errorf("got %+v, journal %d", item, o.audited("outbox.given_up"))
		}
		works.Store(true)
		must(t, o.Retry(t.Context(), item.ID))
		o.comes("done at last", in(outbox.Done))
		if err := o.Retry(t.Context(), item.ID); !errors.Is(err, outbox.ErrNotFound) {
			t.Errorf("retry of what was delivered: got %v", err)
		}
		if o.audited("outbox.retried") != 1 {
			t.Error("the journal does not tell of the retry")
		}
	})
}

// busy is an answer that asks for time.
type busy struct{ until time.Time }

func (busy) Error() string          { return "busy" }
func (b busy) NotBefore() time.Time { return b.until }

func TestWhoeverAsksForTimeIsGivenIt(t *testing.T) {
	for asked, want := range map[time.Duration]time.Duration{-time.Hour: 5 * time.Second, time.Second: 5 * time.Second, 10 * time.Minute: 10 * time.Minute, 48 * time.Hour: time.Hour} {
		t.Run(asked.String(), func(t *testing.T) {
			each(t, func(t *testing.T, o *room) {
				o.run(func(context.Context, string, []byte) error { return busy{o.Now().Add(asked)} })
				o.add(outbox.Message{Kind: "mail", Payload: []byte("x")})
				o.comes("a pause as asked", func(i outbox.Item) bool { return i.Attempts == 1 && i.Failure != "" && i.NextAt.Sub(o.Now()) == want })
			})
		})
	}
}

func TestWhatNobodyWantsIsDropped(t *testing.T) {
	each(t, func(t *testing.T, o *room) {
		o.run(func(context.Context, string, []byte) error { return &outbox.DropError{Reason: "nobody has an address"} })
		o.add(outbox.Message{Kind: "mail", Payload: []byte("x")})
		i := o.comes("dropped", in(outbox.Dropped))
		if i.Failure != "nobody has an address" || o.audited("outbox.given_up") != 0 {
			t.Errorf("got %+v", i)
		}
		if err := o.Retry(t.Context(), i.ID); !errors.Is(err, outbox.ErrNotFound) {
			t.Errorf("retry of what was dropped: got %v", err)
		}
	})
}

func TestWhatIsRefusedForGoodIsGivenUpAtOnce(t *testing.T) {
	each(t, func(t *testing.T, o *room) {
		o.run(func(context.Context, string, []byte) error { return &outbox.FinalError{Err: errors.New("gone")} })
		o.add(outbox.Message{Kind: "mail", Payload: []byte("x")})
		if i := o.comes("dead", in(outbox.Dead)); i.Failure != "gone" || i.Attempts != 1 || o.audited("outbox.given_up") != 1 {
			t.Errorf("got %+v", i)
		}
	})
}

func TestAMessageThatIsLateIsNotDelivered(t *testing.T) {
	each(t, func(t *testing.T, o *room) {
		o.add(outbox.Message{Kind: "mail", Payload: []byte("a code of 15 minutes"), Life: 15 * time.Minute})
		o.pass(15 * time.Minute)
		var tries atomic.Int64
		o.run(func(context.Context, string, []byte) error { tries.Add(1); return nil })
		o.comes("dead", in(outbox.Dead))
		if tries.Load() != 0 {
			t.Error("it was delivered late")
		}
	})
}

func TestTwoNodesDeliverEachMessageOnceAndNoMoreThanEightAtOnce(t *testing.T) {
	each(t, func(t *testing.T, o *room) {
		const messages = 60
		var under, most atomic.Int64
		var lock sync.Mutex
		seen := map[string]int{}
		deliver := func(_ context.Context, _ string, payload []byte) error {
			if now := under.Add(1); now > most.Load() {
				most.Store(now)
			}
			defer under.Add(-1)
			time.Sleep(time.Millisecond)
			lock.Lock()
			defer lock.Unlock()
			seen[string(payload)]++
			return nil
		}
		must(t, o.DB.Write(t.Context(), func(tx *db.Tx) error {
			for i := range messages {
				if err := o.AddTx(tx, outbox.Message{Kind: "mail", Payload: []byte{byte(i)}}); err != nil {
					return err
				}
			}
			return nil
		}))
		o.run(deliver)
		o.run(deliver)
		left := messages
		for range 1000 {
			must(t, o.DB.Get(t.Context(), &left, "SELECT count(*) FROM outbox WHERE state <> 'done'"))
			if left == 0 {
				break
			}
			time.Sleep(5 * time.Millisecond)
		}
		lock.Lock()
		defer lock.Unlock()
		for payload, n := range seen {
			if n != 1 {
				t.Errorf("message %v was delivered %d times", []byte(payload), n)
			}
		}
		if left != 0 || len(seen) != messages || most.Load() > 16 {
			t.Errorf("%d are left, %d were delivered, %d at once", left, len(seen), most.Load())
		}
	})
}

func TestAMessageWhoseNodeDiedIsDeliveredByAnother(t *testing.T) {
	each(t, func(t *testing.T, o *room) {
		hangs := make(chan struct{})
		stop := o.run(func(context.Context, string, []byte) error { <-hangs; return errors.New("too late") })
		t.Cleanup(sync.OnceFunc(func() { close(hangs) }))
		o.add(outbox.Message{Kind: "mail", Payload: []byte("x")})
		o.comes("claimed", func(i outbox.Item) bool { return i.Attempts == 1 })
		stop()
		o.run(func(context.Context, string, []byte) error { return nil })
		o.pass(46 * time.Second)
		o.comes("done by the other", in(outbox.Done))
	})
}

func TestAKindThatNothingDeliversWaits(t *testing.T) {
	each(t, func(t *testing.T, o *room) {
		o.run(nil)
		o.add(outbox.Message{Kind: "pigeon", Payload: []byte("x")})
		o.comes("waiting with a reason", func(i outbox.Item) bool {
			return i.State == outbox.Waiting && i.Failure == `nothing here delivers messages of kind "pigeon"`
		})
	})
}
