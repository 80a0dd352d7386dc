// Package history holds what clients saw, all at once, against what one after the other
// would have seen: every operation must seem to have happened at one moment between its
// request and its answer (linearizability). It owns the models of what works once: codes,
// families of refresh tokens, challenges. Tests alone use it; how they reach nod, and what
// they break on the way, is left to them.
//
// An operation whose answer was lost may have happened at any time since, or never.
package history

import (
	"cmp"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/anishathalye/porcupine"
)

// Saw is what a client was answered.
type Saw string

// Answers that all models know.
const (
	Lost    Saw = ""        // none came
	Given   Saw = "given"   // what was asked for
	Refused Saw = "refused" // nothing was given
)

// Model says what one operation after the other would be answered.
type Model[State comparable, Op any] struct {
	Name string
	// Begin is the state of a thing that nobody has touched.
	Begin State
	// Step returns the states that may follow an operation that was answered so, none if it
	// cannot be answered so. It is not called for answers that were lost.
	Step func(s State, op Op, saw Saw) []State
	// Unseen returns the states that may follow an operation whose answer was lost, but for
	// the one in which it never happened.
	Unseen func(s State, op Op) []State
}

type seen[Op any] struct {
	client    int
	op        Op
	saw       Saw
	from, end int64
}

// Of is the history of many things that behave alike and know nothing of each other.
type Of[State comparable, Op any] struct {
	model Model[State, Op]
	began time.Time

	mu     sync.Mutex
	things map[string][]seen[Op]
}

// New begins a history.
func New[State comparable, Op any](m Model[State, Op]) *Of[State, Op] {
	return &Of[State, Op]{model: m, began: time.Now(), things: map[string][]seen[Op]{}}
}

// Do runs an operation on a thing and notes what the client saw.
func (h *Of[State, Op]) Do(client int, thing string, op Op, run func() Saw) Saw {
	from := time.Since(h.began).Nanoseconds()
	saw := run()
	end := time.Since(h.began).Nanoseconds()
	if saw == Lost {
		end = math.MaxInt64
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.things[thing] = append(h.things[thing], seen[Op]{client, op, saw, from, end})
	return saw
}

// patience is how long one history may be looked at. Those of the tests take milliseconds.
const patience = time.Minute

// Check returns what cannot have happened, nil if everything can.
func (h *Of[State, Op]) Check() error {
	h.mu.Lock()
	defer h.mu.Unlock()
	checked := h.model.forPorcupine()
	for thing, all := range h.things {
		ops := make([]porcupine.Operation, len(all))
		for i, s := range all {
			ops[i] = porcupine.Operation{ClientId: s.client, Input: s.op, Output: s.saw, Call: s.from, Return: s.end}
		}
		if result := porcupine.CheckOperationsTimeout(checked, ops, patience); result != porcupine.Ok {
			return fmt.Errorf("%s %s: the history is %s:\n%s", h.model.Name, thing, result, told(all))
		}
	}
	return nil
}

func (m Model[State, Op]) forPorcupine() porcupine.Model {
	step := func(state, input, output any) (next []any) {
		s, op, saw := state.(State), input.(Op), output.(Saw)
		var states []State
		if saw == Lost {
			states = append(m.Unseen(s, op), s)
		} else {
			states = m.Step(s, op, saw)
		}
		for _, s := range states {
			next = append(next, s)
		}
		return next
	}
	n := porcupine.NondeterministicModel{Init: func() []any { return []any{m.Begin} }, Step: step}
	return n.ToModel()
}

// Len counts operations, and those among them whose answers were lost.
func (h *Of[State, Op]) Len() (all, lost int) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, ops := range h.things {
		for _, s := range ops {
			if all++; s.saw == Lost {
				lost++
			}
		}
	}
	return all, lost
}

// told lists a history in the order of its requests.
func told[Op any](all []seen[Op]) string {
	slices.SortFunc(all, func(a, b seen[Op]) int { return cmp.Compare(a.from, b.from) })
	var text strings.Builder
	for _, s := range all {
		fmt.Fprintf(&text, "  %12d to %20d  client %d  %+v  %q\n", s.from, s.end, s.client, s.op, s.saw)
	}
	return text.String()
}

// Clients lets so many clients act at once, each with dice of its own that a seed throws,
// until each has acted so often.
func Clients(seed uint64, clients, turns int, act func(client int, dice *rand.Rand)) {
	var all sync.WaitGroup
	for client := range clients {
		dice := rand.New(rand.NewPCG(seed, uint64(client)))
		all.Go(func() {
			for range turns {
				act(client, dice)
			}
		})
	}
	all.Wait()
}
