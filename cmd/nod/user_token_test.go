package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/nod-idp/nod/devices/otp"
	"github.com/nod-idp/nod/internal/db"
	"github.com/nod-idp/nod/mfa/recovery"
	"github.com/nod-idp/nod/mfa/token"
)

const (
	seedText = "12345678901234567890"
	seedHex  = "3132333435363738393031323334353637383930"
)

func press(t *testing.T, counter uint64) string {
	t.Helper()
	code, err := otp.HOTP{}.Code([]byte(seedText), counter)
	if err != nil {
		t.Fatal(err)
	}
	return code
}

// verifies reports whether a passcode of alice's tokens is right, and uses it up.
func (s *terminal) verifies(userID, code string) bool {
	s.t.Helper()
	in := s.opened()
	room := &token.Tokens{DB: in.DB, Box: in.Instance.Box}
	return in.DB.Write(s.t.Context(), func(tx *db.Tx) error {
		_, err := room.VerifyTx(tx, userID, code, time.Now())
		return err
	}) == nil
}

func withAlice(t *testing.T) (*terminal, userView) {
	t.Helper()
	s := newTerminal(t)
	var alice userView
	s.types(goodPassword, "user", "add", "alice", "--password-stdin", "--json").json(&alice)
	return s, alice
}

func TestAnAppIsAddedFromTheCommandLine(t *testing.T) {
	s, alice := withAlice(t)
	var added []tokenView
	s.does("user", "token", "alice", "add", "--totp", "--name", "Alice's app", "--json").json(&added)
	if len(added) != 1 || added[0].Kind != "totp" || added[0].Name != "Alice's app" || !strings.HasPrefix(added[0].URI, "otpauth://totp/nod:alice?secret=") {
		t.Fatalf("got %+v", added)
	}
	secret, err := token.ParseSecret(added[0].Secret)
	if err != nil {
		t.Fatal(err)
	}
	code, err := otp.TOTP{Hash: otp.SHA1}.Code(secret, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	if !s.verifies(alice.ID, code) || s.verifies(alice.ID, code) {
		t.Error("want its passcode to work once")
	}
	var listed []tokenView
	s.does("user", "token", "alice", "list", "--json").json(&listed)
	if len(listed) != 1 || listed[0].Secret != "" || listed[0].URI != "" || listed[0].UsedAt == nil {
		t.Errorf("got %+v", listed)
	}
	s.types("", "user", "token", "alice", "remove", added[0].ID).fails(statusFailure, "--yes")
	s.does("user", "token", "alice", "remove", added[0].ID, "--yes")
	s.does("user", "token", "alice").says("has no authenticator app")
	s.types("", "user", "token", "alice", "remove", added[0].ID, "--yes").fails(statusFailure, "no such token", "nod user token NAME")
}

func TestAHardwareTokenIsAddedAndBroughtBackIntoStep(t *testing.T) {
	s, alice := withAlice(t)
	var added []tokenView
	s.does("user", "token", "alice", "add", "--hotp", "--secret", seedHex, "--counter", "5", "--json").json(&added)
	if added[0].Secret != "" || s.verifies(alice.ID, press(t, 4)) || !s.verifies(alice.ID, press(t, 5)) || s.verifies(alice.ID, press(t, 50)) {
		t.Errorf("got %+v", added)
	}
	id := added[0].ID
	s.types("", "user", "token", "alice", "resync", id, press(t, 50), press(t, 52)).fails(statusFailure, "not two passcodes in a row", "Press the button twice")
	s.does("user", "token", "alice", "resync", id, press(t, 50), press(t, 51)).says("back in step")
	if !s.verifies(alice.ID, press(t, 52)) {
		t.Error("it is out of step")
	}
	app := s.does("user", "token", "alice", "add", "--totp", "--secret", seedHex)
	if strings.Contains(app.stdout, "otpauth") {
		t.Error("a secret that was given is shown again")
	}
}

func TestTokensAreImportedWholeOrNotAtAll(t *testing.T) {
	s, alice := withAlice(t)
	good, bad := filepath.Join(t.TempDir(), "good.csv"), filepath.Join(t.TempDir(), "bad.csv")
	write := func(path, text string) {
		t.Helper()
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write(good, "serial,secret,counter\nA-1,"+seedHex+",0\nA-2,"+seedHex+",7\n")
	write(bad, "A-1,"+seedHex+",0\nA-2,nothing,0\nA-3,"+seedHex+",x\n")
	line := []string{"user", "token", "alice", "add", "--hotp", "--import"}
	s.types("", append(line, bad)...).fails(statusFailure, "line 2", "line 3", "Nothing was added")
	s.does(append(line, good, "--dry-run")...).says("This would add 2 tokens")
	var listed []tokenView
	s.does("user", "token", "alice", "--json").json(&listed)
	if len(listed) != 0 {
		t.Fatalf("got %+v after a dry run, want none", listed)
	}
	s.types("", append(line, good, "--serial", "A-9")...).fails(statusFailure, "no token \"A-9\"")
	s.does(append(line, good, "--serial", "A-2")...)
	if !s.verifies(alice.ID, press(t, 7)) {
		t.Error("the token of the list does not work")
	}
	s.does(append(line, good)...)
	s.does("user", "token", "alice", "--json").json(&listed)
	if len(listed) != 3 {
		t.Errorf("got %d tokens, want 3", len(listed))
	}
	s.types("", append(line, filepath.Join(t.TempDir(), "none.csv"))...).fails(statusFailure, "--import")
}

func TestWhatTokenDoesNotUnderstand(t *testing.T) {
	s, _ := withAlice(t)
	for says, args := range map[string][]string{
		"NAME is missing":         {},
		"none of list":            {"alice", "stop"},
		"ID is missing":           {"alice", "remove"},
		"CODE is missing":         {"alice", "resync", "tok_1", "123456"},
		"one argument too many":   {"alice", "list", "all"},
		"say --totp":              {"alice", "add"},
		"exclude each other":      {"alice", "add", "--totp", "--hotp"},
		"needs the --secret":      {"alice", "add", "--hotp"},
		"--serial needs --import": {"alice", "add", "--hotp", "--serial", "1"},
		"allowed is 6 or 8":       {"alice", "add", "--totp", "--digits", "7"},
	} {
		s.types("", append([]string{"user", "token"}, args...)...).fails(statusUsage, says)
	}
	s.types("", "user", "token", "nobody").fails(statusFailure, "no such user")
	s.types("", "user", "token", "alice", "add", "--totp", "--secret", "short!").fails(statusFailure, "--secret")
	s.types("", "user", "token", "alice", "add", "--totp", "--secret", seedHex[:20]).fails(statusFailure, "16 to 64 bytes")
	s.types("", "user", "token", "alice", "resync", "tok_1", "123456", "123456").fails(statusFailure, "no such token")
}

func TestRecoveryCodesAreMadeFromTheCommandLine(t *testing.T) {
	s, alice := withAlice(t)
	var first, second struct {
		User  string
		Codes []string
	}
	s.does("user", "recovery-codes", "alice", "--json").json(&first)
	s.does("user", "recovery-codes", "alice", "--json").json(&second)
	in := s.opened()
	kept := &recovery.Codes{DB: in.DB, Box: in.Instance.Box}
	use := func(code string) error {
		return in.DB.Write(t.Context(), func(tx *db.Tx) error {
			_, err := kept.UseTx(tx, alice.ID, code)
			return err
		})
	}
	if first.User != alice.ID || len(first.Codes) != recovery.Count || use(first.Codes[0]) == nil || use(second.Codes[0]) != nil || use(second.Codes[0]) == nil {
		t.Errorf("want the codes of the second set to work, once each")
	}
	s.types("", "user", "recovery-codes", "nobody").fails(statusFailure, "no such user")
}

// says demands words that stdout holds.
func (r result) says(words string) {
	r.t.Helper()
	if !strings.Contains(r.stdout, words) {
		r.t.Errorf("nod %s: got %q, want it to say %q", r.args, r.stdout, words)
	}
}
