package mfa_test

import (
	"fmt"
	"math/rand"
	"path/filepath"
	"testing"
	"time"

	"github.com/nod-idp/nod/devices/protocol"
	"github.com/nod-idp/nod/internal/db"
	"github.com/nod-idp/nod/internal/db/dbtest"
	"github.com/nod-idp/nod/mfa"
)

// propertySteps is how many things happen in one run. A seed that failed is named by the
// failure and stays here.
const propertySteps = 500

var propertySeeds = []int64{1, 2}

// Whatever people, thieves and clocks do on two nodes, what the design promises of
// challenges stays true. The sentences are in property_model_test.go, each where it is
// held.
func TestWhatMustStayTrueDoes(t *testing.T) {
	for engine, open := range map[string]func(t *testing.T) string{
		"sqlite":   func(t *testing.T) string { return filepath.Join(t.TempDir(), "nod.db") },
		"postgres": func(t *testing.T) string { return dbtest.PostgresURL(t) },
	} {
		for _, seed := range propertySeeds {
			t.Run(fmt.Sprintf("%s, seed %d", engine, seed), func(t *testing.T) {
				t.Parallel()
				address := open(t)
				m := newModel(t, openNode(t, address), openNode(t, address), rand.New(rand.NewSource(seed)))
				for m.step = range propertySteps {
					m.act()
					m.hold()
					if t.Failed() {
						t.Fatalf("after step %d: %s", m.step, m.last)
					}
				}
				m.settle()
			})
		}
	}
}

func openNode(t *testing.T, address string) *db.DB {
	t.Helper()
	d, err := db.Open(t.Context(), address)
	must(t, err)
	t.Cleanup(func() { d.Close() })
	return d
}

// act does one thing that people, thieves or time can do.
func (m *model) act() {
	switch n := m.random.Intn(100); {
	case n < 24:
		m.ask()
	case n < 50:
		m.approve()
	case n < 53:
		m.say(protocol.Deny)
	case n < 55:
		m.say(protocol.Report)
	case n < 76:
		m.submit()
	case n < 84:
		m.typeCode()
	case n < 86:
		m.withdraw()
	case n < 88:
		m.sweep()
	case n < 90:
		m.pester()
	default:
		m.wait()
	}
}

// wait lets time pass, mostly a little; once in a while a clock is set back.
func (m *model) wait() {
	d := []time.Duration{time.Second, 5 * time.Second, 15 * time.Second, 70 * time.Second, 11 * time.Minute, -2 * time.Second}[m.random.Intn(6)]
	m.last = fmt.Sprintf("%v pass", d)
	m.w.pass(d)
}

// pester is a thief with the password who asks as often as the waits allow.
func (m *model) pester() {
	for range 4 {
		m.askFrom(1)
		m.w.pass(45 * time.Second)
	}
}

func (m *model) sweep() {
	m.last = "what is over is swept"
	_, err := m.node().Sweep(m.t.Context(), 100)
	must(m.t, err)
}

// node is the node that the next request reaches.
func (m *model) node() *mfa.Service { return m.nodes[m.random.Intn(len(m.nodes))] }
