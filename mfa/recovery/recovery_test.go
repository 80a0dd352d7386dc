package recovery_test

import (
	"bytes"
	"errors"
	"math/rand/v2"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"
	"unicode"

	"github.com/nod-idp/nod/internal/db"
	"github.com/nod-idp/nod/internal/db/dbtest"
	"github.com/nod-idp/nod/internal/instance"
	"github.com/nod-idp/nod/internal/seal"
	"github.com/nod-idp/nod/mfa/recovery"
)

const alice, bob = "usr_alice", "usr_bob"

func each(t *testing.T, story func(t *testing.T, c *recovery.Codes)) {
	t.Helper()
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		in, err := instance.Open(t.Context(), d, seal.NewKey(), time.Now())
		must(t, err)
		story(t, &recovery.Codes{DB: d, Box: in.Box})
	})
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func create(t *testing.T, c *recovery.Codes, userID, former string) (codes []string, err error) {
	t.Helper()
	err = c.DB.Write(t.Context(), func(tx *db.Tx) (err error) {
		codes, err = c.MakeTx(tx, userID, former, "user:"+userID)
		return err
	})
	return codes, err
}

func use(t *testing.T, c *recovery.Codes, userID, code string) (left int, err error) {
	t.Helper()
	err = c.DB.Write(t.Context(), func(tx *db.Tx) (err error) {
		left, err = c.UseTx(tx, userID, code)
		return err
	})
	return left, err
}

func TestTenCodesWorkOnceEach(t *testing.T) {
	each(t, func(t *testing.T, c *recovery.Codes) {
		none, err := c.Find(t.Context(), alice)
		must(t, err)
		codes, err := create(t, c, alice, none.ID)
		must(t, err)
		form := regexp.MustCompile(`^[0-9A-HJKMNP-TV-Z]{5}-[0-9A-HJKMNP-TV-Z]{5}$`)
		seen := map[string]bool{}
		for i, code := range codes {
			if !form.MatchString(code) || seen[code] {
				t.Errorf("got code %q", code)
			}
			seen[code] = true
			if _, err := use(t, c, bob, code); !errors.Is(err, recovery.ErrWrong) {
				t.Errorf("by another person: got %v, want ErrWrong", err)
			}
			if left, err := use(t, c, alice, code); err != nil || left != recovery.Count-1-i {
				t.Errorf("got %d left, %v", left, err)
			}
			if _, err := use(t, c, alice, code); !errors.Is(err, recovery.ErrWrong) {
				t.Errorf("again: got %v, want ErrWrong", err)
			}
		}
		if set, err := c.Find(t.Context(), alice); err != nil || set.Left != 0 || set.MadeAt.IsZero() || len(codes) != recovery.Count {
			t.Errorf("got %+v, %v", set, err)
		}
		if _, err := use(t, c, alice, ""); !errors.Is(err, recovery.ErrWrong) {
			t.Errorf("nothing: got %v, want ErrWrong", err)
		}
	})
}

func TestANewSetKillsTheOldOne(t *testing.T) {
	each(t, func(t *testing.T, c *recovery.Codes) {
		old, err := create(t, c, alice, "")
		must(t, err)
		first, err := c.Find(t.Context(), alice)
		must(t, err)
		if _, err := create(t, c, alice, ""); !errors.Is(err, recovery.ErrMoved) {
			t.Errorf("by somebody who saw none: got %v, want ErrMoved", err)
		}
		errs := make([]error, 8)
		var wg sync.WaitGroup
		for i := range errs {
			wg.Go(func() { _, errs[i] = create(t, c, alice, first.ID) })
		}
		wg.Wait()
		made := 0
		for _, err := range errs {
			if err == nil {
				made++
			} else if !errors.Is(err, recovery.ErrMoved) {
				t.Errorf("got %v", err)
			}
		}
		set, err := c.Find(t.Context(), alice)
		must(t, err)
		if made != 1 || set.Left != recovery.Count || set.ID == first.ID {
			t.Errorf("got %d new sets and %+v, want one", made, set)
		}
		if _, err := use(t, c, alice, old[0]); !errors.Is(err, recovery.ErrWrong) {
			t.Errorf("of the old set: got %v, want ErrWrong", err)
		}
	})
}

func TestOfSixtyFourHandsOneGetsIn(t *testing.T) {
	each(t, func(t *testing.T, c *recovery.Codes) {
		codes, err := create(t, c, alice, "")
		must(t, err)
		errs := make([]error, 64)
		var wg sync.WaitGroup
		for i := range errs {
			wg.Go(func() { _, errs[i] = use(t, c, alice, codes[3]) })
		}
		wg.Wait()
		in := 0
		for _, err := range errs {
			if err == nil {
				in++
			} else if !errors.Is(err, recovery.ErrWrong) {
				t.Errorf("got %v", err)
			}
		}
		if set, _ := c.Find(t.Context(), alice); in != 1 || set.Left != recovery.Count-1 {
			t.Errorf("got %d in and %d left, want 1 and 9", in, set.Left)
		}
	})
}

func TestCodesAreNotInTheDatabase(t *testing.T) {
	each(t, func(t *testing.T, c *recovery.Codes) {
		codes, err := create(t, c, alice, "")
		must(t, err)
		var rows [][]byte
		must(t, c.DB.Select(t.Context(), &rows, "SELECT hash FROM recovery_codes"))
		for _, row := range rows {
			for _, code := range codes {
				if bytes.Contains(row, []byte(strings.ReplaceAll(code, "-", ""))) {
					t.Error("a code lies open in the database")
				}
			}
		}
	})
}

// However a code is typed, the code that was meant comes out, and nothing that is no code
// becomes one.
func TestHoweverACodeIsTyped(t *testing.T) {
	const alphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
	r := rand.New(rand.NewPCG(1, 2))
	for range 5000 {
		var meant, typed strings.Builder
		for range 10 {
			b := alphabet[r.IntN(len(alphabet))]
			meant.WriteByte(b)
			typed.WriteString([]string{"", "", "", " ", "-", "\u2013", "\u00a0", "\u200b", "\t"}[r.IntN(9)])
			typed.WriteRune(variant(r, rune(b)))
		}
		if got, formed := recovery.Normalize(typed.String()); !formed || got != meant.String() {
			t.Fatalf("%q: got %q, want %q", typed.String(), got, meant.String())
		}
	}
	for _, typed := range []string{"", "ABCDE", "ABCDE-FGHJK-M", "ABCDE-FGHJU", "ABCDE_FGHJK", "ABCDE.FGHJK", strings.Repeat(" ", 500) + "ABCDEFGHJK"} {
		if got, formed := recovery.Normalize(typed); formed || got != "" {
			t.Errorf("%q: got %q, want nothing", typed, got)
		}
	}
}

// variant is another way to type a character.
func variant(r *rand.Rand, b rune) rune {
	switch n := r.IntN(4); {
	case n == 0:
		return unicode.ToLower(b)
	case n == 1 && b == '0':
		return []rune("oO")[r.IntN(2)]
	case n == 1 && b == '1':
		return []rune("iIlL")[r.IntN(4)]
	case n == 2:
		return b - '!' + '\uff01' // full width
	}
	return b
}

func FuzzNormalize(f *testing.F) {
	f.Add("abcde-fghjk")
	f.Fuzz(func(t *testing.T, typed string) {
		code, formed := recovery.Normalize(typed)
		again, stays := recovery.Normalize(code)
		if formed != (code != "") || formed && (!stays || again != code) {
			t.Errorf("%q: got %q, %v, and then %q", typed, code, formed, again)
		}
	})
}
