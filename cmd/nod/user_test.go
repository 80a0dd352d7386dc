package main

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/nod-idp/nod/idp/password"
	"github.com/nod-idp/nod/internal/db/dbtest"
)

func TestAPersonIsAddedFromAScript(t *testing.T) {
	s := newTerminal(t)
	line := []string{"user", "add", "alice", "--data", s.dir, "--email", "alice@example.com", "--name", "Alice Smith", "--password-stdin", "--json"}
	var added userView
	s.types(goodPassword+"\nnext line", line...).json(&added)
	if added.ID == "" || added.Name != "alice" || added.State != "active" || !added.HasPassword || added.Password != "" ||
		added.Claims.Email != "alice@example.com" || added.DisplayName != "Alice Smith" {
		t.Errorf("got %+v", added)
	}
	info, err := os.Stat(s.dir)
	if err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("data directory: got %v, %v, want mode 0700", info.Mode(), err)
	}
	u, err := s.opened().Users.ByLogin(t.Context(), "alice")
	if err != nil {
		t.Fatal(err)
	}
	for text, want := range map[string]bool{goodPassword: true, goodPassword + "\n": false, goodPassword + "\nnext line": false} {
		if ok, _, err := new(password.Hasher).Verify(t.Context(), u.PasswordHash, text); ok != want || err != nil {
			t.Errorf("password %q: got %v, %v, want %v", text, ok, err, want)
		}
	}
	s.types(goodPassword, line...).fails(statusFailure, "the name belongs to another user already", "nod user list")
}

func TestFlagsStandAnywhere(t *testing.T) {
	s := newTerminal(t)
	t.Setenv("NOD_DATA", "")
	s.types(goodPassword, "user", "--data", s.dir, "add", "--password-stdin", "--email", "a@example.com", "alice").ok()
	s.types(goodPassword, "user", "add", "bob", "--password-stdin", "--data="+s.dir).ok()
	var all []userView
	s.does("user", "list", "--json", "--data", s.dir).json(&all)
	if len(all) != 2 || all[0].Name != "alice" || all[1].Name != "bob" {
		t.Errorf("got %+v", all)
	}
}

func TestAPasswordThatCannotBeIsRefused(t *testing.T) {
	s := newTerminal(t)
	for stdin, says := range map[string]string{
		"":                                 "there is no password on stdin",
		"\n":                               "there is no password on stdin",
		"short":                            "shorter than 15 characters",
		strings.Repeat("a", 200):           "longer than 128 characters",
		"alice alice alice alice":          "words that are known about you",
		strings.Repeat("x", 100_000):       "longer than",
		"abcdefghijklmnopqrstuvwxyz":       "counts up or down",
		"passwordpassword":                 "the password",
		"violet tram over\x07 quiet hills": "cannot be typed reliably",
	} {
		s.types(stdin, "user", "add", "alice", "--password-stdin").fails(statusFailure, says)
	}
	t.Setenv("NOD_MIN_PASSWORD_LENGTH", "8")
	s.types("kiwi7-zeb", "user", "add", "alice", "--password-stdin").ok()
	s.types("", "user", "password", "alice").fails(statusUsage, "--password-stdin or --generate")
	s.types("", "user", "password", "nobody", "--generate").fails(statusFailure, "no such user")
}

func TestAMadePasswordIsPrintedOnceAndWorks(t *testing.T) {
	s := newTerminal(t)
	var added, shown userView
	s.does("user", "add", "alice", "--generate", "--json").json(&added)
	s.does("user", "show", "alice", "--json").json(&shown)
	u, err := s.opened().Users.ByLogin(t.Context(), "alice")
	if err != nil {
		t.Fatal(err)
	}
	if ok, _, err := new(password.Hasher).Verify(t.Context(), u.PasswordHash, added.Password); !ok || err != nil || shown.Password != "" {
		t.Errorf("got %q, %v, later %q", added.Password, err, shown.Password)
	}
	if r := s.does("user", "password", "alice", "--generate"); !strings.Contains(r.stdout, "shown this once: ") {
		t.Errorf("got %q", r.stdout)
	}
	if journal := s.does("audit", "--json").stdout; strings.Contains(journal, added.Password) || strings.Contains(journal, "argon2") {
		t.Errorf("the journal holds a secret: %s", journal)
	}
}

func TestEveryClaimHasAFlag(t *testing.T) {
	s := newTerminal(t)
	s.does("user", "add", "alice", "--claim", "given_name=Alice", "--claim", "address.locality=Paris")
	s.does("user", "set", "alice", "--family-name", "Smith", "--middle-name=B.", "--nickname", "Al", "--preferred-username", "asmith",
		"--profile", "https://example.com/a", "--picture", "https://example.com/a.png", "--website", "https://a.example", "--name", "Alice B. Smith",
		"--email", "alice@example.com", "--email-verified", "--gender", "female", "--birthdate", "1990-02-03", "--zoneinfo", "Europe/Paris",
		"--locale", "fr-FR", "--phone-number", "+33 1 23 45 67 89", "--phone-number-verified", "--address-formatted", "1 rue X\nParis",
		"--address-street-address", "1 rue X", "--address-region", "IDF", "--address-postal-code", "75001", "--address-country", "France",
		"--rename", "alice.smith")
	var shown userView
	s.does("user", "show", "ALICE@example.com", "--json").json(&shown)
	c := shown.Claims
	if shown.Name != "alice.smith" || c.GivenName != "Alice" || c.Address.Locality != "Paris" || !c.EmailVerified || !c.PhoneVerified ||
		c.Birthdate != "1990-02-03" || c.Address.Formatted != "1 rue X\nParis" || c.Locale != "fr-FR" {
		t.Errorf("got %+v", shown)
	}
	human := s.does("user", "show", "alice.smith").stdout
	if !strings.Contains(human, "alice@example.com (verified)") || !strings.Contains(human, `1 rue X\nParis`) {
		t.Errorf("got %s", human)
	}
	s.does("user", "set", "alice.smith", "--email", "new@example.com", "--nickname", "")
	shown = userView{}
	s.does("user", "show", "alice.smith", "--json").json(&shown)
	if shown.Claims.EmailVerified || shown.Claims.Email != "new@example.com" || strings.Contains(s.does("user", "show", "alice.smith").stdout, "Nickname") {
		t.Errorf("after another address: got %+v", shown.Claims)
	}
	for _, row := range [][]string{{"--locale", "english"}, {"--claim", "birthdate=1.1.90"}, {"--claim", "colour=red"}, {"--email-verified=perhaps"}} {
		s.types("", append([]string{"user", "set", "alice.smith"}, row...)...).fails(statusFailure, "is refused; allowed is")
	}
	s.types("", "user", "set", "alice.smith").fails(statusUsage, "say what to change")
}

func TestPeopleAreListedInPages(t *testing.T) {
	s := newTerminal(t)
	for _, name := range []string{"d", "b", "a", "c"} {
		s.does("user", "add", name)
	}
	var page []userView
	s.does("user", "list", "--limit", "2", "--after", "a", "--json").json(&page)
	if len(page) != 2 || page[0].Name != "b" || page[1].Name != "c" {
		t.Errorf("got %+v", page)
	}
	if lines := strings.Count(s.does("user", "list").stdout, "\n"); lines != 5 {
		t.Errorf("got %d lines, want a heading and 4", lines)
	}
	s.does("user", "list", "--after", "zzz", "--json").json(&page)
	if page == nil || len(page) != 0 {
		t.Errorf("got %v, want an empty list", page)
	}
}

func TestGroupsOnTheCommandLine(t *testing.T) {
	s := newTerminal(t)
	s.does("user", "add", "alice")
	s.does("user", "add", "bob")
	s.does("group", "add", "Staff")
	s.types("", "group", "members", "staff", "--add", "alice", "--add", "nobody").fails(statusFailure, "no such user")
	var members []userView
	s.does("group", "members", "staff", "--json").json(&members)
	if len(members) != 0 {
		t.Errorf("after a mistyped name: got %+v, want nobody", members)
	}
	s.does("group", "members", "staff", "--add", "alice", "--add", "bob", "--json").json(&members)
	if len(members) != 2 {
		t.Errorf("got %+v, want both", members)
	}
	var shown userView
	s.does("user", "show", "alice", "--json").json(&shown)
	if !slices.Equal(shown.Groups, []string{"Staff"}) {
		t.Errorf("got %v", shown.Groups)
	}
	s.types("", "group", "remove", "staff").fails(statusFailure, "remove the group Staff with 2 members", "--yes")
	s.does("group", "remove", "staff", "--yes")
	var groups []groupView
	s.does("group", "list", "--json").json(&groups)
	if len(groups) != 0 {
		t.Errorf("got %+v, want none", groups)
	}
	s.types("", "group", "members", "staff").fails(statusFailure, "no such group", "nod group list")
}

func TestEverythingWorksOnPostgreSQLToo(t *testing.T) {
	s := newTerminal(t)
	url := dbtest.PostgresURL(t)
	key := filepath.Join(t.TempDir(), "key")
	s.does("user", "add", "alice", "--database", url, "--sealing-key-file", key)
	t.Setenv("NOD_DATABASE", url)
	s.does("user", "show", "alice", "--sealing-key-file", key)
	if _, err := os.Stat(filepath.Join(s.dir, "nod.db")); err == nil {
		t.Error("an SQLite database was begun beside")
	}
	other := filepath.Join(t.TempDir(), "other")
	s.types("", "user", "show", "alice", "--sealing-key-file", other).fails(statusFailure, "no such file", "--sealing-key-file FILE")
	s.types("", "user", "add", "bob", "--sealing-key-file", other).fails(statusFailure, "does not belong to this database")
	if _, err := os.Stat(other); err == nil {
		t.Error("a key that belongs to nothing was left behind")
	}
}

func TestALostKeyIsNotReplaced(t *testing.T) {
	s := newTerminal(t)
	s.does("user", "add", "alice")
	key := filepath.Join(s.dir, "sealing.key")
	if err := os.Rename(key, key+".away"); err != nil {
		t.Fatal(err)
	}
	s.types("", "user", "add", "bob").fails(statusFailure, "sealing key", "--sealing-key-file FILE")
	if _, err := os.Stat(key); err == nil {
		t.Error("a new key was made")
	}
	s.does("user", "list", "--sealing-key-file", key+".away")
}
