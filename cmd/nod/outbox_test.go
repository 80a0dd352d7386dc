package main

import (
	"strings"
	"testing"
	"time"

	"github.com/nod-idp/nod/idp/reset"
	"github.com/nod-idp/nod/internal/db"
	"github.com/nod-idp/nod/internal/instance"
	"github.com/nod-idp/nod/internal/mail/mailtest"
)

func TestALinkForANewPasswordIsPrinted(t *testing.T) {
	s := newTerminal(t)
	s.does("user", "add", "alice", "--generate")
	s.does("user", "password", "alice", "--link", "--help")
	s.types("", "user", "password", "alice", "--link").fails(statusFailure, "the address of the server is not known yet", "nod serve")
	in := s.opened()
	if err := instance.SetPublicURL(t.Context(), in.DB, "https://id.example"); err != nil {
		t.Fatal(err)
	}
	var made struct {
		URL       string     `json:"url"`
		ExpiresAt *time.Time `json:"expires_at"`
	}
	s.does("user", "password", "alice", "--link", "--valid", "10m", "--json").json(&made)
	code, found := strings.CutPrefix(made.URL, "https://id.example/reset#")
	if left := time.Until(*made.ExpiresAt); !found || left > 10*time.Minute || left < 9*time.Minute {
		t.Errorf("got %+v", made)
	}
	resets := &reset.Resets{DB: in.DB, Box: in.Instance.Box, Epoch: in.Instance.Epoch}
	_, err := resets.Open(t.Context(), code, func(_ *db.Tx, r reset.Reset) (bool, error) { return r.ByAdministrator(), nil })
	if err != nil {
		t.Errorf("the link does not work: %v", err)
	}
	for _, args := range [][]string{{"--valid", "16m"}, {"--valid", "30s"}, {"--valid", "soon"}, {"--generate"}, {"--password-stdin"}} {
		s.types("", append([]string{"user", "password", "alice", "--link"}, args...)...).fails(statusUsage, strings.TrimPrefix(args[0], "--"))
	}
	s.types("", "user", "password", "nobody", "--link").fails(statusFailure, "no such user")
	s.does("user", "disable", "alice", "--yes")
	s.types("", "user", "password", "alice", "--link").fails(statusFailure, "disabled")
}

func TestWhatWaitsForTheServerIsListed(t *testing.T) {
	s := newTerminal(t)
	s.does("user", "add", "alice", "--generate")
	if out := s.does("outbox", "list").stdout; !strings.Contains(out, "Nothing waits") {
		t.Errorf("got %s", out)
	}
	s.does("user", "password", "alice", "--generate")
	var items []outboxView
	s.does("outbox", "list", "--json").json(&items)
	if len(items) != 1 || items[0].Kind != "notice" || items[0].About != "password_changed" || items[0].State != "waiting" || items[0].Attempts != 0 {
		t.Fatalf("got %+v", items)
	}
	if out := s.does("outbox", "list").stdout; !strings.Contains(out, items[0].ID) {
		t.Errorf("got %s", out)
	}
	s.types("", "outbox", "retry", items[0].ID).fails(statusFailure, "no message of this id that was given up", "nod outbox list")
	err := s.opened().DB.Write(t.Context(), func(tx *db.Tx) error {
		_, err := tx.Exec("UPDATE outbox SET state = 'dead', next_at = NULL")
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	s.does("outbox", "retry", items[0].ID)
	s.does("outbox", "list", "--json").json(&items)
	if items[0].State != "waiting" || items[0].NextAt == nil {
		t.Errorf("got %+v", items)
	}
}

func TestTheMailServerIsTried(t *testing.T) {
	s := newTerminal(t)
	server := mailtest.Start(t, mailtest.Options{})
	line := []string{"mail", "test", "alice@example.com"}
	s.types("", line...).fails(statusFailure, "no mail server is set up", "--smtp-url")
	line = append(line, "--smtp-url", server.URL(), "--mail-from", "id@example.org", "--organisation", "Northwind")
	s.does(line...)
	if m := server.Next(); m.To != "alice@example.com" || m.Subject != "A test from Northwind" {
		t.Errorf("got %+v", m)
	}
	line[2] = "alice@example.com, bob@example.com"
	s.types("", line...).fails(statusUsage, "not one mail address")
	server.Refuse("550 no such person")
	line[2] = "alice@example.com"
	s.types("", line...).fails(statusFailure, "no such person")
	server.None()
}
