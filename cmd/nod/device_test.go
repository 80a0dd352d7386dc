package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/nod-idp/nod/devices"
	"github.com/nod-idp/nod/devices/protocol"
	"github.com/nod-idp/nod/internal/db"
	"github.com/nod-idp/nod/internal/db/dbtest"
	"github.com/nod-idp/nod/internal/seal"
	"github.com/nod-idp/nod/mfa"
	"github.com/nod-idp/nod/mfa/throttle"
	"github.com/nod-idp/nod/web/deviceapi"
	"github.com/nod-idp/nod/web/guard"
)

// phoneHouse is a server with devices and challenges and without logins.
type phoneHouse struct {
	t       *testing.T
	devices *devices.Devices
	mfa     *mfa.Service
	store   string
}

func newPhoneHouse(t *testing.T) *phoneHouse {
	t.Helper()
	d := dbtest.SQLite(t)
	box := seal.NewBox("ins_test", seal.NewKey()).WithRoot([]byte("the root secret of this test"))
	api := &guard.API{}
	server := httptest.NewServer(api)
	t.Cleanup(server.Close)
	h := &phoneHouse{t: t, store: filepath.Join(t.TempDir(), "phone.json")}
	h.devices = &devices.Devices{DB: d, Box: box, Epoch: 1, PublicURL: server.URL, Accounts: namesake{}}
	h.mfa = &mfa.Service{
		DB: d, Box: box, Epoch: 1, Issuer: server.URL, Devices: h.devices, People: namesake{}, Guesses: &throttle.Guesses{DB: d},
	}
	(&deviceapi.Surface{Devices: h.devices, Challenges: h.mfa, DB: d, Streams: &guard.Streams{}}).Register(api)
	return h
}

// namesake is a directory in which everybody is called by their id.
type namesake struct{}

func (namesake) Account(_ context.Context, id string) (name, displayName string, err error) {
	return strings.TrimPrefix(id, "usr_"), "", nil
}
func (namesake) ActiveTx(*db.Tx, string) (bool, error) { return true, nil }

func (h *phoneHouse) link(user string, confirm bool) string {
	h.t.Helper()
	link, err := h.devices.Link(h.t.Context(), devices.LinkRequest{UserID: user, Confirm: confirm, MadeBy: "cli:test"})
	if err != nil {
		h.t.Fatal(err)
	}
	return link.URL
}

// ask puts a request to a person's devices and returns its id and number.
func (h *phoneHouse) ask(user, login string, digits int) (id, number string) {
	h.t.Helper()
	id, err := h.mfa.Start(h.t.Context(), mfa.Ask{
		UserID: user, LoginID: login, ClientID: "mail", Browser: "brw_" + login, KnownBrowser: "brw_" + login,
		Context: protocol.Context{ClientName: "Contoso\x1b[2J Mail", IP: "192.0.2.7"},
		Demand:  mfa.Demand{Factor: true, MatchDigits: digits},
	}, func(*db.Tx, string) error { return nil })
	if err != nil {
		h.t.Fatal(err)
	}
	return id, h.view(login, id).MatchNumber
}

func (h *phoneHouse) view(login, id string) mfa.View {
	h.t.Helper()
	view, err := h.mfa.View(h.t.Context(), login, id)
	if err != nil {
		h.t.Fatal(err)
	}
	return view
}

// nod runs a device verb with the store of this house.
func (h *phoneHouse) nod(args ...string) (stdout string, err error) {
	h.t.Helper()
	stdout, _, err = h.run(strings.NewReader(""), args...)
	return stdout, err
}

func (h *phoneHouse) run(in io.Reader, args ...string) (stdout, stderr string, err error) {
	h.t.Helper()
	cmd := newDeviceCommand()
	cmd.SilenceErrors, cmd.SilenceUsage = true, true
	var out, errs bytes.Buffer
	cmd.SetIn(in)
	cmd.SetOut(&out)
	cmd.SetErr(&errs)
	cmd.SetArgs(append(args, "--store", h.store))
	err = cmd.ExecuteContext(h.t.Context())
	return out.String(), errs.String(), err
}

// must runs a verb that has to succeed and reads its JSON.
func (h *phoneHouse) must(into any, args ...string) {
	h.t.Helper()
	out, err := h.nod(append(args, "--json")...)
	if err != nil {
		h.t.Fatalf("nod device %s: %v", strings.Join(args, " "), err)
	}
	if err := json.Unmarshal([]byte(out), into); err != nil || strings.Count(out, "\n") != 1 {
		h.t.Fatalf("nod device %s printed %q: %v", strings.Join(args, " "), out, err)
	}
}

func TestTheVerbsOfADeviceCarryALogin(t *testing.T) {
	h := newPhoneHouse(t)
	var enrolled map[string]string
	h.must(&enrolled, "enroll", h.link("usr_alice", false), "--name", "Terminal")
	if enrolled["account"] != "alice" || enrolled["status"] != "active" || !strings.HasPrefix(enrolled["device_id"], "dev_") {
		t.Errorf("got %v", enrolled)
	}
	var list []map[string]any
	if h.must(&list, "list"); list == nil || len(list) != 0 {
		t.Errorf("before: got %v, want an empty list", list)
	}
	if _, err := h.nod("approve", "--number", "12"); err == nil || !strings.Contains(err.Error(), "no open request") {
		t.Errorf("approving nothing: got %v", err)
	}
	id, number := h.ask("usr_alice", "log_1", 2)
	h.must(&list, "list")
	if len(list) != 1 || list[0]["id"] != id || list[0]["client"] != "mail" || list[0]["account"] != "alice" || list[0]["state"] != "pending" {
		t.Errorf("got %v", list)
	}
	if at, err := time.Parse(time.RFC3339, fmt.Sprint(list[0]["expires_at"])); err != nil || time.Until(at) < time.Minute {
		t.Errorf("got expiry %v, %v", list[0]["expires_at"], err)
	}
	if text, err := h.nod("list"); err != nil || strings.Contains(text, "\x1b") || !strings.Contains(text, id) {
		t.Errorf("for people: got %q, %v", text, err)
	}
	if _, err := h.nod("approve"); err == nil || !strings.Contains(err.Error(), "--number") {
		t.Errorf("without the number: got %v, want to be told of --number", err)
	}
	if _, err := h.nod("approve", "--number", fmt.Sprintf("%02d", 99-atoi(number))); err == nil || !strings.Contains(err.Error(), "Tries left: 2") {
		t.Errorf("a wrong number: got %v, want to be told of the tries left", err)
	}
	var answered map[string]string
	h.must(&answered, "approve", "--number", number)
	if view := h.view("log_1", id); view.State != mfa.Approved || view.Passcode != answered["passcode"] || answered["state"] != "approved" {
		t.Errorf("got %v, and the page has %+v", answered, view)
	}
}

func TestARequestIsDeniedAndReportedByItsID(t *testing.T) {
	h := newPhoneHouse(t)
	h.must(&map[string]string{}, "enroll", h.link("usr_alice", false))
	h.must(&map[string]string{}, "enroll", h.link("usr_bob", false))
	denied, _ := h.ask("usr_alice", "log_1", 2)
	reported, _ := h.ask("usr_bob", "log_2", 2)
	if _, err := h.nod("deny"); err == nil || !strings.Contains(err.Error(), denied) || !strings.Contains(err.Error(), reported) {
		t.Errorf("without an id: got %v, want both to be named", err)
	}
	var done map[string]string
	if h.must(&done, "deny", denied); done["account"] != "alice" || h.view("log_1", denied).State != mfa.Denied {
		t.Errorf("deny: got %v", done)
	}
	if h.must(&done, "report", reported); done["account"] != "bob" || h.view("log_2", reported).State != mfa.Reported {
		t.Errorf("report: got %v", done)
	}
	if _, err := h.nod("approve", denied, "--number", "12"); err == nil {
		t.Error("what was denied was approved")
	}
	if _, err := h.nod("deny", "chl_never"); err == nil {
		t.Error("what never was was denied")
	}
}

func TestAPINIsAskedFor(t *testing.T) {
	h := newPhoneHouse(t)
	for _, pin := range []string{"123", "1234567890123", "12a4"} {
		if _, err := h.nod("enroll", h.link("usr_alice", false), "--pin", pin); err == nil {
			t.Errorf("the PIN %q was taken", pin)
		}
	}
	h.must(&map[string]string{}, "enroll", h.link("usr_alice", false), "--pin", "2468")
	id, number := h.ask("usr_alice", "log_1", 2)
	if _, err := h.nod("approve", "--number", number); err == nil || !strings.Contains(err.Error(), "--pin") {
		t.Errorf("without the PIN: got %v, want to be told of --pin", err)
	}
	if _, err := h.nod("approve", "--number", number, "--pin", "1357"); err == nil {
		t.Error("a wrong PIN was good enough")
	}
	h.must(&map[string]string{}, "approve", id, "--pin", "2468", "--number", number)
}

func TestEnrollWaitsForTheConfirmation(t *testing.T) {
	h := newPhoneHouse(t)
	var done map[string]string
	h.must(&done, "enroll", h.link("usr_alice", true), "--no-wait")
	waiting, err := h.devices.AwaitingConfirmation(t.Context(), "usr_alice")
	if err != nil || len(waiting) != 1 || done["status"] != "confirm" || done["fingerprint"] != waiting[0].Fingerprint {
		t.Fatalf("got %v, and the browser shows %v, %v", done, waiting, err)
	}
	if err := h.devices.Refuse(t.Context(), "usr_alice", waiting[0].EnrolmentID); err != nil {
		t.Fatal(err)
	}
	for _, confirm := range []bool{true, false} {
		link, decided := h.link("usr_alice", true), make(chan error, 1)
		go func() { decided <- h.decide("usr_alice", confirm) }()
		_, said, err := h.run(strings.NewReader(""), "enroll", link)
		if (err == nil) != confirm || !strings.Contains(said, "fingerprint: ") {
			t.Errorf("confirmed %v: got %v and %q", confirm, err, said)
		}
		if err := <-decided; err != nil {
			t.Error(err)
		}
	}
}

// decide confirms or refuses the device that appears next, after the moment that a
// person needs to compare the fingerprints.
func (h *phoneHouse) decide(user string, confirm bool) error {
	for {
		waiting, err := h.devices.AwaitingConfirmation(h.t.Context(), user)
		switch {
		case err != nil:
			return err
		case len(waiting) > 0 && time.Since(waiting[0].AppearedAt) < time.Second:
		case len(waiting) > 0 && confirm:
			return h.devices.Confirm(h.t.Context(), user, waiting[0].EnrolmentID)
		case len(waiting) > 0:
			return h.devices.Refuse(h.t.Context(), user, waiting[0].EnrolmentID)
		}
		time.Sleep(20 * time.Millisecond)
	}
}

func TestAUsedLinkLeavesNothingBehind(t *testing.T) {
	h := newPhoneHouse(t)
	link := h.link("usr_alice", false)
	h.must(&map[string]string{}, "enroll", link)
	if _, err := h.nod("enroll", link); err == nil || !strings.Contains(err.Error(), "used before") {
		t.Errorf("got %v, want to be told that the link was used", err)
	}
	var codes []map[string]string
	if h.must(&codes, "passcode"); len(codes) != 1 || len(codes[0]["passcode"]) != 6 {
		t.Errorf("got %v, want the passcode of the one device", codes)
	}
}

func TestAnUnwritableStoreUsesNoLinkUp(t *testing.T) {
	h := newPhoneHouse(t)
	link, good := h.link("usr_alice", false), h.store
	h.store = filepath.Join(filepath.Dir(good), "no", "such", "folder", "phone.json")
	if _, err := h.nod("enroll", link); err == nil {
		t.Error("it was written nowhere")
	}
	if _, err := h.nod("list"); err == nil || !strings.Contains(err.Error(), "nod device enroll") {
		t.Errorf("an empty store: got %v, want to be told how to enrol", err)
	}
	h.store = good
	h.must(&map[string]string{}, "enroll", link)
}

func TestWatchAsksThePerson(t *testing.T) {
	h := newPhoneHouse(t)
	h.must(&map[string]string{}, "enroll", h.link("usr_alice", false), "--pin", "2468")
	first, number := h.ask("usr_alice", "log_1", 2)
	keys, typed := io.Pipe()
	ended := make(chan string, 1)
	go func() {
		said, _, err := h.run(keys, "watch")
		if err != nil {
			said += "\nerror: " + err.Error()
		}
		ended <- said
	}()
	keystrokes := func(text string) {
		if _, err := io.WriteString(typed, text); err != nil {
			t.Error(err)
		}
	}
	keystrokes(number + "\n2468\n")
	h.reaches("log_1", first, mfa.Approved)
	second, _ := h.ask("usr_alice", "log_2", 0)
	keystrokes("12\n\ny\n2468\n") // no number is asked, so that is no answer
	h.reaches("log_2", second, mfa.Approved)
	third, _ := h.ask("usr_alice", "log_3", 2)
	keystrokes("what?\nd\n")
	h.reaches("log_3", third, mfa.Denied)
	_ = typed.Close()
	said := <-ended
	for _, want := range []string{"Contoso[2J Mail", "192.0.2.7", "alice at http://", "Approved. The passcode", "none of these", "Nobody was signed in"} {
		if !strings.Contains(said, want) {
			t.Errorf("the terminal does not say %q: %s", want, said)
		}
	}
	if strings.Contains(said, "\x1b") || strings.Contains(said, "error: ") {
		t.Errorf("got %q", said)
	}
}

func (h *phoneHouse) reaches(login, id string, want mfa.State) {
	h.t.Helper()
	for range 500 {
		if h.view(login, id).State == want {
			return
		}
		time.Sleep(20 * time.Millisecond)
	}
	h.t.Fatalf("%s: got %s, want %s", id, h.view(login, id).State, want)
}

func atoi(digits string) (n int) {
	for _, d := range digits {
		n = n*10 + int(d-'0')
	}
	return n
}
