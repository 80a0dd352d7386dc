package session_test

import (
	"testing"
	"time"

	"github.com/nod-idp/nod/internal/db"
	"github.com/nod-idp/nod/internal/random"
)

func (w *world) remember(user, held string) (token string) {
	w.t.Helper()
	w.write(func(tx *db.Tx) (err error) {
		token, err = w.RememberTx(tx, user, held, "192.0.2.1", "a browser")
		return err
	})
	return token
}

func (w *world) known(user, token string) bool {
	w.t.Helper()
	id, known, err := w.Known(w.t.Context(), user, token)
	if err != nil {
		w.t.Fatal(err)
	}
	if known != (id != "") {
		w.t.Errorf("known is %v and the id %q", known, id)
	}
	var within bool
	w.write(func(tx *db.Tx) (err error) {
		_, within, err = w.KnownTx(tx, user, token)
		return err
	})
	if within != known {
		w.t.Errorf("inside a transaction %v, outside %v", within, known)
	}
	return known
}

func TestABrowserIsKnownForWhomItCompletedALogin(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		token := w.remember("alice", "")
		if !w.known("alice", token) || w.known("bob", token) || w.known("alice", "") || w.known("alice", random.Token("nob")) {
			t.Error("known for the wrong person or the wrong token")
		}
		w.pass(179 * 24 * time.Hour)
		if again := w.remember("alice", token); again != token {
			t.Error("a token that already stood for Alice was exchanged")
		}
		w.pass(179 * 24 * time.Hour)
		if !w.known("alice", token) {
			t.Error("the second login did not prolong it")
		}
		w.pass(24 * time.Hour)
		if w.known("alice", token) {
			t.Error("known for more than 180 days")
		}
	})
}

func TestAPlantedTokenIsExchangedForOneThatNobodyElseKnows(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		planted := w.remember("bob", "") // Bob puts his own cookie into Alice's browser
		token := w.remember("alice", planted)
		if token == planted || w.known("alice", planted) {
			t.Error("Bob's token stands for Alice")
		}
		if !w.known("alice", token) {
			t.Error("Alice's browser is not known")
		}
		if invented := random.Token("nob"); w.remember("alice", invented) == invented {
			t.Error("a token from outside was taken over")
		}
	})
}

func TestTwoPeopleCanShareAKnownBrowser(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		token := w.remember("bob", w.remember("alice", ""))
		if !w.known("alice", token) || !w.known("bob", token) {
			t.Errorf("Alice %v, Bob %v", w.known("alice", token), w.known("bob", token))
		}
	})
}

func TestForgottenBrowsersAreUnknown(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		alices, bobs := w.remember("alice", ""), w.remember("bob", "")
		w.write(func(tx *db.Tx) error { return w.ForgetBrowsersTx(tx, "alice", "password changed") })
		if w.known("alice", alices) || !w.known("bob", bobs) {
			t.Errorf("Alice %v, Bob %v", w.known("alice", alices), w.known("bob", bobs))
		}
		if w.audited("browsers.forgotten") != 1 {
			t.Error("no entry")
		}
		w.Epoch++
		if w.known("bob", bobs) {
			t.Error("known across a restore")
		}
	})
}
