package mfa_test

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/nod-idp/nod/devices"
	"github.com/nod-idp/nod/devices/protocol"
	"github.com/nod-idp/nod/internal/db"
	"github.com/nod-idp/nod/internal/db/dbtest"
	"github.com/nod-idp/nod/internal/history"
	"github.com/nod-idp/nod/mfa"
)

var (
	histories   = flag.Int("histories", 4, "how many histories of concurrent phones and pages are made")
	historySeed = flag.Uint64("history-seed", uint64(time.Now().UnixNano()), "what the dice of phones and pages begin with")
)

// "An approval counts only for the browser that asked", and nothing is answered or verified
// twice: two phones of each person, the page and its login act at once, on two nodes, and hang
// up in the middle.
func TestTheHistoryOfChallengesIsOneThatCanHappen(t *testing.T) {
	t.Parallel()
	t.Logf("-history-seed %d", *historySeed)
	dbtest.EachAddress(t, func(t *testing.T, address string) {
		m := newModel(t, openNode(t, address), openNode(t, address), nil)
		people := map[string][]*phone{}
		for i := range 4 {
			name := fmt.Sprint("usr_", i)
			people[name] = []*phone{m.w.phoneOf(name, protocol.VerifyPlain), m.w.phoneOf(name, protocol.VerifyPlain)}
		}
		for run := range *histories {
			h := history.New(history.Challenges())
			var all []*question
			for name, phones := range people {
				all = append(all, m.w.question(name, phones))
			}
			history.Clients(*historySeed+uint64(run), 6, 8, func(me int, dice *rand.Rand) {
				q, n := all[dice.IntN(len(all))], m.nodes[dice.IntN(len(m.nodes))]
				op := q.any(dice)
				ctx, cancel := context.WithCancel(t.Context())
				if dice.IntN(5) == 0 {
					ctx, cancel = context.WithTimeout(t.Context(), time.Duration(dice.IntN(4000))*time.Microsecond)
				}
				defer cancel()
				h.Do(me, q.id, op, func() history.Saw { return q.act(ctx, t, n, op) })
			})
			if err := h.Check(); err != nil {
				t.Fatal(err)
			}
			ops, lost := h.Len()
			t.Logf("%d operations, of which %d were not answered", ops, lost)
		}
	})
}

// question is a challenge with everything that its person can answer.
type question struct {
	id, login string
	devices   []devices.Device
	right     []protocol.Answer
	wrong     []protocol.Answer
}

func (w *world) question(userID string, phones []*phone) *question {
	w.t.Helper()
	ask := w.ask()
	ask.UserID = userID
	q := &question{id: w.startAnew(ask), login: ask.LoginID}
	number := w.view(ask.LoginID, q.id).MatchNumber
	for _, p := range phones {
		q.devices = append(q.devices, p.device())
		q.right = append(q.right, p.approval(q.id, number))
		q.wrong = append(q.wrong, p.approval(q.id, differing(number)))
	}
	return q
}

// any is one of the things that can be done. Devices are counted from 1.
func (q *question) any(dice *rand.Rand) history.ChallengeOp {
	op := history.ChallengeOp{Device: 1 + dice.IntN(len(q.devices))}
	switch n := dice.IntN(40); {
	case n < 14:
		op.Do, op.Wrong = history.Approve, dice.IntN(4) == 0
	case n < 16:
		op.Do = history.Deny
	case n < 18:
		op.Do = history.Report
	case n < 30:
		op.Do, op.Wrong = history.Verify, dice.IntN(4) == 0
	case n < 31:
		op.Do = history.Withdraw
	default:
		op.Do = history.Look
	}
	return op
}

func (q *question) act(ctx context.Context, t *testing.T, n *mfa.Service, op history.ChallengeOp) history.Saw {
	answer := q.right[op.Device-1]
	if op.Wrong {
		answer = q.wrong[op.Device-1]
	}
	var err error
	switch op.Do {
	case history.Look:
		var v mfa.View
		if v, err = n.View(ctx, q.login, q.id); err == nil {
			return history.Saw(v.State)
		}
	case history.Withdraw:
		err = n.DB.Write(ctx, func(tx *db.Tx) error { return n.WithdrawTx(tx, q.id) })
	case history.Verify:
		passcode := answer.Passcode
		if op.Wrong {
			passcode = differing(passcode)
		}
		err = n.Verify(ctx, q.login, q.id, passcode, func(*db.Tx, mfa.Proof) error { return nil })
	case history.Approve:
		_, err = n.Answer(ctx, q.devices[op.Device-1], answer, mfa.Origin{})
	case history.Deny:
		_, err = n.Answer(ctx, q.devices[op.Device-1], protocol.Answer{Challenge: q.id, Verdict: protocol.Deny}, mfa.Origin{})
	case history.Report:
		_, err = n.Answer(ctx, q.devices[op.Device-1], protocol.Answer{Challenge: q.id, Verdict: protocol.Report}, mfa.Origin{})
	}
	return understood(ctx, t, err)
}

// understood is what a phone or a page makes of an answer.
func understood(ctx context.Context, t *testing.T, err error) history.Saw {
	var miss *mfa.WrongPasscodeError
	var fault *protocol.Error
	var code protocol.Code
	switch {
	case err == nil:
		return history.Given
	case errors.As(err, &miss), errors.As(err, &fault):
		return history.Wrong
	case errors.Is(err, mfa.ErrPending):
		return history.Early
	case errors.Is(err, mfa.ErrOver), errors.As(err, &code):
		return history.Refused
	case ctx.Err() == nil:
		t.Errorf("got %v", err)
	}
	return history.Lost
}
