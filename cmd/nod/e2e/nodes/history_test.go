package nodes

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/nod-idp/nod/devices/protocol"
	"github.com/nod-idp/nod/devices/simulator"
	"github.com/nod-idp/nod/internal/db/dbtest/chaos"
	"github.com/nod-idp/nod/internal/history"
)

var (
	histories   = flag.Int("histories", 1, "how many histories of concurrent clients are made over HTTP, of 20 turns each")
	historySeed = flag.Uint64("history-seed", uint64(time.Now().UnixNano()), "what the dice of the clients begin with")
)

// Applications, phones and pages act at once over HTTP, each request on another node, while
// nodes are killed and COMMITs cut off. What they were answered must be what one after the
// other could have been answered; what was not answered may have happened or not.
func TestWhatWasAnsweredOverHTTPCanHaveHappened(t *testing.T) {
	t.Parallel()
	t.Logf("-history-seed %d", *historySeed)
	engines(t, func(t *testing.T, database string, nodes int) {
		s := settings{nodes: nodes}
		var network *chaos.Network
		if database != "" {
			network, s.via = chaos.Start(t, database)
			network.PauseFor = 300 * time.Millisecond
		}
		c := form(t, database, s)
		for run := 0; run < *histories && !late(t) && !t.Failed(); run++ {
			c.witness(t, network, run)
		}
	})
}

// scene is what one history is about.
type scene struct {
	c          *cluster
	codes      []string
	lines      []*history.Line
	questions  []*pending
	ofCodes    *history.Of[history.CodeState, history.CodeOp]
	ofFamilies *history.Of[history.Family, history.RefreshOp]
	ofAnswers  *history.Of[history.Challenge, history.ChallengeOp]

	mu    sync.Mutex
	given map[string]string // code → access token
}

// pending is a login that waits, and the two phones that were asked.
type pending struct {
	p       *person
	number  string
	phones  []*simulator.Phone
	request []protocol.Request // as each phone was shown it
}

func (c *cluster) witness(t *testing.T, network *chaos.Network, run int) {
	s := &scene{
		c: c, given: map[string]string{}, ofCodes: history.New(history.Codes()),
		ofFamilies: history.New(history.Families()), ofAnswers: history.New(history.Challenges()),
	}
	s.set(t, run)
	ctx, end := context.WithCancel(t.Context())
	slow := time.AfterFunc(20*time.Second, s.lapse)
	var faults sync.WaitGroup
	faults.Go(func() { c.nemesis(ctx, rand.New(rand.NewPCG(*historySeed, uint64(run)))) })
	if network != nil {
		network.OnCommit(showers)
	}
	history.Clients(*historySeed+uint64(run), 6, 20, s.act)
	slow.Stop()
	end()
	faults.Wait()
	if network != nil {
		network.OnCommit(nil)
	}
	c.ready()
	for _, h := range []interface {
		Check() error
		Len() (all, lost int)
	}{s.ofCodes, s.ofFamilies, s.ofAnswers} {
		if err := h.Check(); err != nil {
			t.Error(err)
		}
		all, lost := h.Len()
		t.Logf("%d operations, of which %d were not answered", all, lost)
	}
}

// set signs people in and lets others wait.
func (s *scene) set(t *testing.T, run int) {
	t.Helper()
	l := newLedger()
	alice := s.c.person(fmt.Sprintf("alice%d", run), l)
	code, err := alice.signIn(t.Context())
	for range 3 {
		if err != nil {
			t.Fatal(err)
		}
		given, err := s.c.redeem(t.Context(), code)
		if err != nil {
			t.Fatal(err)
		}
		s.lines = append(s.lines, history.NewLine(given.Refresh, given.Access))
		if code, err = alice.again(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	for range 4 {
		s.codes = append(s.codes, code)
		if code, err = alice.again(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	for i := range 2 {
		q := &pending{p: s.c.person(fmt.Sprintf("bob%d-%d", run, i), l)}
		q.phones = []*simulator.Phone{q.p.phone, s.c.enrol(q.p.name)}
		if err := q.p.ask(t.Context()); err != nil {
			t.Fatal(err)
		}
		q.number = q.p.page.Text("match-number")
		for _, phone := range q.phones {
			open, err := phone.Requests(t.Context())
			if err != nil || len(open) != 1 {
				t.Fatalf("got %d requests, %v", len(open), err)
			}
			q.request = append(q.request, open[0])
		}
		s.questions = append(s.questions, q)
	}
}

// lapse notes that from now on a refresh token may be too old to be repeated.
func (s *scene) lapse() {
	for range 2 {
		for _, f := range s.lines {
			s.ofFamilies.Do(0, f.Name(), history.RefreshOp{Do: history.Lapse}, func() history.Saw { return history.Lost })
		}
	}
}

// nemesis kills nodes, one after the other.
func (c *cluster) nemesis(ctx context.Context, dice *rand.Rand) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-time.After(time.Duration(150+dice.IntN(600)) * time.Millisecond):
		}
		n := c.nodes[dice.IntN(len(c.nodes))]
		n.kill()
		n.start()
		n.await()
	}
}

// showers decides about one COMMIT. Nothing is silent for long, so that a history is short.
func showers() chaos.Fault {
	switch n := rand.IntN(100); {
	case n < 4:
		return chaos.ResetBefore
	case n < 8:
		return chaos.ResetAfter
	case n < 10:
		return chaos.Pause
	}
	return chaos.None
}

func (s *scene) act(me int, dice *rand.Rand) {
	ctx, cancel := context.WithTimeout(s.c.t.Context(), 20*time.Second)
	defer cancel()
	var saw history.Saw
	switch dice.IntN(3) {
	case 0:
		saw = s.useCode(ctx, me, dice)
	case 1:
		saw = s.useFamily(ctx, me, dice)
	default:
		saw = s.useQuestion(ctx, me, dice)
	}
	wait := 40
	if saw == history.Lost {
		wait = 250 // what has no answers is a history of nothing
	}
	time.Sleep(time.Duration(wait/2+dice.IntN(wait)) * time.Millisecond)
}

func (s *scene) useCode(ctx context.Context, me int, dice *rand.Rand) history.Saw {
	code := s.codes[dice.IntN(len(s.codes))]
	s.mu.Lock()
	access := s.given[code]
	s.mu.Unlock()
	if access != "" && dice.IntN(2) == 0 {
		return s.ofCodes.Do(me, code, history.Honour, func() history.Saw { return s.c.honours(ctx, access) })
	}
	return s.ofCodes.Do(me, code, history.Redeem, func() history.Saw {
		got, err := s.c.redeem(ctx, code)
		if err == nil {
			s.mu.Lock()
			s.given[code] = got.Access
			s.mu.Unlock()
		}
		return granted(err)
	})
}

func (s *scene) useFamily(ctx context.Context, me int, dice *rand.Rand) history.Saw {
	f := s.lines[dice.IntN(len(s.lines))]
	if dice.IntN(6) == 0 {
		access := f.Access()
		return s.ofFamilies.Do(me, f.Name(), history.RefreshOp{Do: history.Trust}, func() history.Saw { return s.c.honours(ctx, access) })
	}
	number, presented := f.Some(dice)
	next := new(int)
	return s.ofFamilies.Do(me, f.Name(), history.RefreshOp{Do: history.Refresh, Of: number, Gave: next}, func() history.Saw {
		got, err := s.c.refresh(ctx, presented)
		if err == nil {
			*next = f.Learn(number, got.Refresh, got.Access)
		}
		return granted(err)
	})
}

// granted is what an application makes of an answer of the token endpoint.
func granted(err error) history.Saw {
	var f failure
	switch {
	case err == nil:
		return history.Given
	case errors.As(err, &f) && f.code == "invalid_grant":
		return history.Refused
	}
	return history.Lost
}

// honours asks for somebody's claims, on any node.
func (c *cluster) honours(ctx context.Context, access string) history.Saw {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, c.url+"/oauth/userinfo", nil)
	if err != nil {
		return history.Lost
	}
	req.Header.Set("Authorization", "Bearer "+access)
	res, err := c.do(req)
	if err != nil {
		return history.Lost
	}
	defer res.Body.Close()
	switch res.StatusCode {
	case http.StatusOK:
		return history.Given
	case http.StatusUnauthorized:
		return history.Refused
	}
	return history.Lost
}

func (s *scene) useQuestion(ctx context.Context, me int, dice *rand.Rand) history.Saw {
	q := s.questions[dice.IntN(len(s.questions))]
	i := dice.IntN(len(q.phones))
	op := history.ChallengeOp{Do: history.Look, Device: i + 1}
	switch dice.IntN(8) {
	case 0, 1, 2:
		op.Do = history.Approve
	case 3:
		op.Do = history.Deny
	}
	return s.ofAnswers.Do(me, q.request[0].ID, op, func() history.Saw {
		switch op.Do {
		case history.Approve:
			_, err := q.phones[i].ApproveRequest(ctx, q.request[i], q.number, "")
			return answered(err)
		case history.Deny:
			return answered(q.phones[i].Deny(ctx, q.request[i].ID))
		}
		page, err := q.p.b.Get(ctx, q.p.page.URL.String())
		if err != nil {
			return history.Lost
		}
		switch saw := history.Saw(page.State); saw {
		case history.Pending, history.Approved, history.Denied:
			return saw
		}
		return history.Lost
	})
}

// answered is what a phone makes of the answer to its answer.
func answered(err error) history.Saw {
	switch {
	case err == nil:
		return history.Given
	case errors.Is(err, protocol.ErrAnsweredElsewhere):
		return history.Refused
	}
	return history.Lost
}
