package main

import (
	"testing"

	"github.com/nod-idp/nod/devices/credential/credentialtest"
	"github.com/nod-idp/nod/internal/db"
	"github.com/nod-idp/nod/internal/instance"
	"github.com/nod-idp/nod/mfa/passkey"
)

func TestAPasskeyIsListedAndRemoved(t *testing.T) {
	s := newTerminal(t)
	s.does("user", "add", "alice")
	in := s.opened()
	const origin, host = "https://login.example.com", "login.example.com"
	if err := instance.SetPublicURL(t.Context(), in.DB, origin); err != nil {
		t.Fatal(err)
	}
	u, err := in.Users.ByLogin(t.Context(), "alice")
	if err != nil {
		t.Fatal(err)
	}
	room := &passkey.Passkeys{DB: in.DB, Box: in.Instance.Box, Epoch: in.Instance.Epoch, PublicURL: origin}
	who := passkey.Person{UserID: u.ID, Name: u.Name}
	options, err := room.CreationOptions(t.Context(), who, "ses_1")
	if err != nil {
		t.Fatal(err)
	}
	made, err := room.Register(who, "ses_1", "Laptop", credentialtest.New(t, origin, host).Create(options))
	if err != nil {
		t.Fatal(err)
	}
	if err := in.DB.Write(t.Context(), func(tx *db.Tx) error {
		_, err := room.AddTx(tx, made)
		return err
	}); err != nil {
		t.Fatal(err)
	}

	var all []passkeyView
	s.does("user", "passkeys", "alice", "--json").json(&all)
	if len(all) != 1 || all[0].Name != "Laptop" || all[0].Host != host || all[0].Synced || all[0].UsedAt != nil {
		t.Fatalf("got %+v", all)
	}
	s.types("", "user", "passkeys", "alice", "--remove", "pky_other", "--yes").fails(statusFailure, "no such passkey")
	s.does("user", "passkeys", "alice", "--remove", all[0].ID, "--yes", "--json").json(&all)
	if len(all) != 0 {
		t.Errorf("after it was removed: got %+v", all)
	}
	var removed int
	if err := in.DB.Get(t.Context(), &removed, "SELECT count(*) FROM audit WHERE action = 'passkey.removed' AND actor LIKE 'cli:%'"); err != nil || removed != 1 {
		t.Errorf("got %d entries, %v, want one", removed, err)
	}
}
