package user_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/nod-idp/nod/idp/user"
	"github.com/nod-idp/nod/internal/audit"
	"github.com/nod-idp/nod/internal/db"
	"github.com/nod-idp/nod/internal/db/dbtest"
)

var start = time.UnixMilli(1_800_000_000_123).UTC()

// users returns a store whose clock moves on by a second at each look.
func users(d *db.DB) *user.Users {
	var mu sync.Mutex
	now := start
	return &user.Users{DB: d, Now: func() time.Time {
		mu.Lock()
		defer mu.Unlock()
		now = now.Add(time.Second)
		return now
	}}
}

func add(t *testing.T, s *user.Users, name, email string) user.User {
	t.Helper()
	u, err := s.Add(t.Context(), user.New{Name: name, Claims: user.Claims{Email: email}})
	if err != nil {
		t.Fatal(err)
	}
	return u
}

func lastEntry(t *testing.T, d *db.DB) audit.Row {
	t.Helper()
	rows, err := audit.Last(t.Context(), d, 1)
	if err != nil || len(rows) == 0 {
		t.Fatalf("journal: got %v, %v", rows, err)
	}
	return rows[0]
}

func TestAPersonIsFoundByNameAndAddressInAnySpelling(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s := users(d)
		alice := add(t, s, "Alice", "Alice.Smith@Example.com")
		add(t, s, "bob", "")
		for _, typed := range []string{"alice", " ALICE ", "ａｌｉｃｅ", "alice.smith@example.com", "ALICE.SMITH@EXAMPLE.COM\n"} {
			u, err := s.ByLogin(t.Context(), typed)
			if err != nil || u.ID != alice.ID {
				t.Errorf("%q: got %+v, %v, want Alice", typed, u, err)
			}
		}
		for _, typed := range []string{"", "  ", "carol", "alice.smith", "alice.smith+x@example.com", "al\x00ice", "\xff", alice.ID, strings.Repeat("a", 100_000)} {
			if _, err := s.ByLogin(t.Context(), typed); !errors.Is(err, user.ErrNotFound) {
				t.Errorf("%.20q: got %v, want ErrNotFound", typed, err)
			}
		}
		if u, err := s.ByID(t.Context(), alice.ID); err != nil || u != alice {
			t.Errorf("by id: got %+v, %v, want %+v", u, err, alice)
		}
		if _, err := s.ByID(t.Context(), "usr_nobody"); !errors.Is(err, user.ErrNotFound) {
			t.Errorf("unknown id: got %v, want ErrNotFound", err)
		}
	})
}

func TestNamesAndAddressesShareOneSpace(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s := users(d)
		add(t, s, "alice", "alice@example.com")
		bob := add(t, s, "bob", "")
		for _, row := range []struct {
			says        string
			name, email string
			want        error
		}{
			{"the name in another spelling", "ALICE", "", user.ErrNameTaken},
			{"the address of somebody as a name", "Alice@Example.com", "", user.ErrNameTaken},
			{"the address of somebody", "carol", "ALICE@example.com", user.ErrEmailTaken},
		} {
			if _, err := s.Add(t.Context(), user.New{Name: row.name, Claims: user.Claims{Email: row.email}}); !errors.Is(err, row.want) {
				t.Errorf("%s, added: got %v, want %v", row.says, err, row.want)
			}
			if _, err := s.Set(t.Context(), bob.ID, func(p *user.Profile) error {
				p.Name, p.Claims.Email = row.name, row.email
				return nil
			}); !errors.Is(err, row.want) {
				t.Errorf("%s, changed: got %v, want %v", row.says, err, row.want)
			}
		}
		if u, err := s.ByLogin(t.Context(), "bob"); err != nil || u.ID != bob.ID {
			t.Errorf("bob afterwards: got %+v, %v", u, err)
		}
		if _, err := s.Set(t.Context(), bob.ID, func(p *user.Profile) error { p.Name, p.Claims.Email = "bob@example.com", "bob@example.com"; return nil }); err != nil {
			t.Errorf("his own address as his name: %v", err)
		}
	})
}

func TestANameIsOneLineThatCanBeReadAndTyped(t *testing.T) {
	s := users(dbtest.SQLite(t))
	for i, name := range []string{"a", strings.Repeat("é", 128), "Alice Smith", "alice@example.com", "李雷", "می\u200cخواهم", "o'neill", "-"} {
		if _, err := s.Add(t.Context(), user.New{Name: name}); err != nil {
			t.Errorf("%d, %q: %v", i, name, err)
		}
	}
	for says, name := range map[string]string{
		"empty": "", "too long": strings.Repeat("é", 129), "a space before": " a", "a space behind": "a ", "a line break": "a\nb",
		"a zero": "a\x00b", "not UTF-8": "a\xff", "the writing turned round": "a\u202eb", "an invisible space": "a\u200bb",
		"nothing visible": "\ufe0f", "a space that looks like one": "a\u00a0b", "a private character": "\ue000", "a replacement": "a\ufffd",
	} {
		_, err := s.Add(t.Context(), user.New{Name: name})
		var invalid *user.InvalidError
		if !errors.As(err, &invalid) || invalid.Field != "name" || invalid.Value != name || invalid.Allowed == "" {
			t.Errorf("%s: got %v, want an InvalidError about the name", says, err)
		}
	}
}

func TestEveryChangeLeavesItsEntry(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s := users(d)
		u := add(t, s, "alice", "")
		g, err := s.AddGroup(t.Context(), "Staff")
		if err != nil {
			t.Fatal(err)
		}
		for _, row := range []struct {
			action, detail string
			do             func() error
		}{
			{"user.changed", `{"claims":["email","locale"],"name":"Alice","was":"alice"}`, func() error {
				_, err := s.Set(t.Context(), u.ID, func(p *user.Profile) error {
					p.Name, p.Claims.Email, p.Claims.Locale = "Alice", "alice@example.com", "en-GB"
					return nil
				})
				return err
			}},
			{"user.password.set", `{}`, func() error { return s.SetPasswordHash(t.Context(), u.ID, "hash 1") }},
			{"user.password.rehashed", `{}`, func() error { return s.Rehash(t.Context(), u.ID, "hash 1", "hash 2") }},
			{"user.disabled", `{}`, func() error { return s.Disable(t.Context(), u.ID) }},
			{"user.enabled", `{}`, func() error { return s.Enable(t.Context(), u.ID) }},
			{"group.member.added", `{}`, func() error { return s.AddToGroup(t.Context(), g.ID, u.ID) }},
			{"group.member.removed", `{}`, func() error { return s.RemoveFromGroup(t.Context(), g.ID, u.ID) }},
			{"group.removed", `{}`, func() error { return s.RemoveGroup(t.Context(), g.ID) }},
		} {
			if err := row.do(); err != nil {
				t.Fatalf("%s: %v", row.action, err)
			}
			e := lastEntry(t, d)
			if e.Action != row.action || e.Detail != row.detail || e.UserID != u.ID && row.action != "group.removed" {
				t.Errorf("got %+v, want %s %s", e, row.action, row.detail)
			}
		}
	})
}

func TestWhatChangesNothingLeavesNoEntry(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s := users(d)
		u := add(t, s, "alice", "alice@example.com")
		g, err := s.AddGroup(t.Context(), "Staff")
		if err != nil {
			t.Fatal(err)
		}
		before := lastEntry(t, d)
		for name, err := range map[string]error{
			"enabled already":       s.Enable(t.Context(), u.ID),
			"not a member":          s.RemoveFromGroup(t.Context(), g.ID, u.ID),
			"set to what it is":     second(s.Set(t.Context(), u.ID, func(*user.Profile) error { return nil })),
			"rehashed from another": s.Rehash(t.Context(), u.ID, "another hash", "new hash"),
		} {
			if err != nil {
				t.Errorf("%s: %v", name, err)
			}
		}
		if after := lastEntry(t, d); after.ID != before.ID {
			t.Errorf("got the entry %+v, want none", after)
		}
		if now, err := s.ByID(t.Context(), u.ID); err != nil || now != u {
			t.Errorf("got %+v, %v, want %+v", now, err, u)
		}
	})
}

func TestADisabledPersonIsOutUntilEnabled(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s := users(d)
		u := add(t, s, "alice", "")
		active := func() (ok bool) {
			if err := d.Write(t.Context(), func(tx *db.Tx) (err error) { ok, err = user.ActiveTx(tx, u.ID); return err }); err != nil {
				t.Fatal(err)
			}
			now, err := s.ByID(t.Context(), u.ID)
			if err != nil || now.Active() != ok {
				t.Errorf("the row says %v, %v, ActiveTx %v", now.State, err, ok)
			}
			return ok
		}
		if !active() {
			t.Error("added: got inactive")
		}
		if err := s.Disable(t.Context(), u.ID); err != nil || active() {
			t.Errorf("disabled: got active, %v", err)
		}
		if err := s.Enable(t.Context(), u.ID); err != nil || !active() {
			t.Errorf("enabled: got inactive, %v", err)
		}
		if err := s.Disable(t.Context(), "usr_nobody"); !errors.Is(err, user.ErrNotFound) {
			t.Errorf("somebody unknown: got %v, want ErrNotFound", err)
		}
	})
}

func TestARehashLosesAgainstANewPassword(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s := users(d)
		u := add(t, s, "alice", "")
		if u.HasPassword() {
			t.Error("added without a password: has one")
		}
		if err := s.SetPasswordHash(t.Context(), u.ID, "first"); err != nil {
			t.Fatal(err)
		}
		set, err := s.ByID(t.Context(), u.ID)
		if err != nil || set.PasswordHash != "first" || set.PasswordChangedAt.IsZero() || !set.UpdatedAt.Equal(u.UpdatedAt) {
			t.Fatalf("got %+v, %v", set, err)
		}
		if err := s.Rehash(t.Context(), u.ID, "first", "first, dearer"); err != nil {
			t.Fatal(err)
		}
		if err := s.SetPasswordHash(t.Context(), u.ID, "second"); err != nil {
			t.Fatal(err)
		}
		if err := s.Rehash(t.Context(), u.ID, "first, dearer", "first, dearest"); err != nil {
			t.Fatal(err)
		}
		if now, err := s.ByID(t.Context(), u.ID); err != nil || now.PasswordHash != "second" {
			t.Errorf("got %+v, %v, want the second password", now, err)
		}
	})
}

func TestChangesAtTheSameMomentAllCount(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s := users(d)
		u := add(t, s, "alice", "")
		var wg sync.WaitGroup
		names := []string{"given_name", "family_name", "middle_name", "nickname", "gender", "address_locality", "address_region", "address_country"}
		for _, name := range names {
			wg.Go(func() {
				if _, err := s.Set(t.Context(), u.ID, func(p *user.Profile) error { return p.Claims.Put(name, "x") }); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		now, err := s.ByID(t.Context(), u.ID)
		if err != nil {
			t.Fatal(err)
		}
		want := user.Claims{GivenName: "x", FamilyName: "x", MiddleName: "x", Nickname: "x", Gender: "x",
			Address: user.Address{Locality: "x", Region: "x", Country: "x"}}
		if now.Claims != want {
			t.Errorf("got %+v, want %+v", now.Claims, want)
		}
	})
}

func TestOfManyWhoAddOneNameOneSucceeds(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s := users(d)
		var wg sync.WaitGroup
		errs := make([]error, 20)
		for i := range errs {
			wg.Go(func() { _, errs[i] = s.Add(t.Context(), user.New{Name: []string{"alice", "ALICE"}[i%2]}) })
		}
		wg.Wait()
		added := 0
		for _, err := range errs {
			switch {
			case err == nil:
				added++
			case !errors.Is(err, user.ErrNameTaken):
				t.Errorf("got %v, want ErrNameTaken", err)
			}
		}
		if added != 1 {
			t.Errorf("got %d added, want 1", added)
		}
	})
}

func TestPeopleAreListedPageByPage(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s := users(d)
		var want, got []string
		for i := range 7 {
			want = append(want, fmt.Sprintf("User %d", i))
		}
		for _, i := range []int{3, 1, 6, 0, 2, 5, 4} {
			add(t, s, want[i], "")
		}
		for after := ""; ; {
			page, err := s.List(t.Context(), after, 3)
			if err != nil {
				t.Fatal(err)
			}
			if len(page) == 0 {
				break
			}
			for _, u := range page {
				got = append(got, u.Name)
			}
			after = page[len(page)-1].Name
		}
		if !slices.Equal(got, want) {
			t.Errorf("got %v, want %v", got, want)
		}
	})
}

func second[T any](_ T, err error) error { return err }
