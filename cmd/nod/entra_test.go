package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/nod-idp/nod/internal/instance"
)

const (
	aTenant  = "9122040d-6c67-4c5b-b112-36a304b66dad"
	anApp    = "600b719b-3766-4dc5-95a6-3c4a8dc31885"
	anOID    = "951ddb04-b16d-45f3-bbf7-b0fa18fa7aee"
	newTwoID = "951ddb04-b16d-45f3-bbf7-b0fa18fa7aff"
)

// withEntra is a terminal on an installation that was served once, with a tenant.
func withEntra(t *testing.T) (*terminal, entraView) {
	t.Helper()
	s := newTerminal(t)
	s.types(goodPassword+"\n", "user", "add", "alice", "--email", "alice@contoso.example", "--password-stdin").ok()
	s.types("", "entra", "list").fails(statusFailure, "nod serve")
	if err := instance.SetPublicURL(t.Context(), s.opened().DB, "https://login.example.com"); err != nil {
		t.Fatal(err)
	}
	var view entraView
	s.does("entra", "add", "contoso", "--tenant", aTenant, "--app-id", anApp, "--client-id", "nod", "--json").json(&view)
	return s, view
}

func TestATenantOfEntraIsAddedAndRemoved(t *testing.T) {
	s, view := withEntra(t)
	base := "https://login.example.com/entra/" + view.ID
	if view.Issuer != base || view.Discovery != base+"/.well-known/openid-configuration" || view.Authorization != base+"/authorize" ||
		view.ReplyURL != "https://login.microsoftonline.com/common/federation/externalauthprovider" {
		t.Errorf("got %+v", view)
	}
	s.types("", "entra", "add", "contoso", "--tenant", aTenant, "--app-id", anApp, "--client-id", "nod").fails(statusFailure, "already", "nod entra list")
	s.types("", "entra", "add", "other", "--tenant", "contoso.onmicrosoft.com", "--app-id", anApp, "--client-id", "nod").fails(statusFailure, "tenant id")
	s.types("", "entra", "add", "other", "--tenant", aTenant, "--app-id", anApp, "--client-id", "nod", "--reply-url", "https://evil.example").fails(statusFailure, "not an address of this machine")
	s.types("", "entra", "add", "other", "--tenant", aTenant).fails(statusUsage, "app-id")
	var here entraView
	s.does("entra", "add", "here", "--tenant", aTenant, "--app-id", anApp, "--client-id", "nod", "--authority", "http://127.0.0.1:9443", "--reply-url", "http://127.0.0.1:9443/reply", "--json").json(&here)
	if here.Authority != "http://127.0.0.1:9443" || here.ReplyURL != "http://127.0.0.1:9443/reply" {
		t.Errorf("got %+v", here)
	}
	steps := s.does("entra", "add", "agency", "--cloud", "usgov", "--tenant", aTenant, "--app-id", anApp, "--client-id", "nod").stdout
	for _, said := range []string{"/authorize", "Discovery Endpoint", anApp, "Require multifactor authentication", "nod entra doctor agency"} {
		if !strings.Contains(steps, said) {
			t.Errorf("%q is missing from\n%s", said, steps)
		}
	}
	var all []entraView
	s.does("entra", "list", "--json").json(&all)
	if len(all) != 3 {
		t.Errorf("got %+v", all)
	}
	s.types("", "entra", "remove", "agency").fails(statusFailure, "--yes")
	s.does("entra", "remove", "agency", "--yes")
	s.types("", "entra", "remove", "agency", "--yes").fails(statusFailure, "no such Entra tenant", "nod entra list")
}

func TestAccountsOfEntraAreLinked(t *testing.T) {
	s, _ := withEntra(t)
	s.does("entra", "link", "contoso", "--user", "alice", "--oid", anOID)
	s.types("", "entra", "link", "contoso", "--user", "nobody", "--oid", anOID).fails(statusFailure, "no such user")
	s.types("", "entra", "link", "contoso", "--user", "alice", "--oid", "alice@contoso.example").fails(statusFailure, "object id")
	s.does("user", "add", "bob")
	s.types("", "entra", "link", "contoso", "--user", "bob", "--oid", anOID).fails(statusFailure, "linked to somebody else", "nod entra unlink")
	var links []linkView
	s.does("entra", "links", "contoso", "--json").json(&links)
	if len(links) != 1 || links[0].User != "alice" || links[0].OID != anOID {
		t.Errorf("got %+v", links)
	}
	s.does("entra", "unlink", "contoso", "--oid", anOID)
	s.types("", "entra", "unlink", "contoso", "--oid", anOID).fails(statusFailure, "not linked")
	s.types("", "entra", "code", "contoso", "--user", "alice").fails(statusFailure, "--enrol")
	s.does("entra", "add", "open", "--enrol", "--tenant", aTenant, "--app-id", anApp, "--client-id", "nod")
	var code struct{ Code, User string }
	s.does("entra", "code", "open", "--user", "alice", "--valid", "1h", "--json").json(&code)
	if len(code.Code) != 11 || code.User != "alice" {
		t.Errorf("got %+v", code)
	}
}

func TestAListOfEntrasIsImported(t *testing.T) {
	s, _ := withEntra(t)
	file := filepath.Join(t.TempDir(), "users.csv")
	write := func(text string) {
		t.Helper()
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("userPrincipalName,displayName,id\nalice@contoso.example,Alice," + anOID + "\nbob@contoso.example,Bob," + newTwoID + "\n")
	var got struct {
		Added, Linked, Unchanged int
		DryRun                   bool `json:"dry_run"`
		Accounts                 []importView
	}
	s.does("entra", "import", "contoso", file, "--dry-run", "--json").json(&got)
	if got.Added != 1 || got.Linked != 1 || !got.DryRun || len(got.Accounts) != 2 {
		t.Errorf("got %+v", got)
	}
	if out := s.does("entra", "import", "contoso", file).stdout; !strings.Contains(out, "Added 1 user") {
		t.Errorf("got %s", out)
	}
	write("userPrincipalName,id\ncarol@contoso.example,no id\ndora@contoso.example,\n")
	s.types("", "entra", "import", "contoso", file).fails(statusFailure, "line 3:", "Nothing was changed")
	write("userPrincipalName,id\ncarol@contoso.example,no id\nbob@contoso.example," + anOID + "\n")
	s.types("", "entra", "import", "contoso", file).fails(statusFailure, "line 2:", "line 3:", "Nothing was changed")
}

func TestTheKeyOfATenantIsRolledOverInTwoDays(t *testing.T) {
	s, _ := withEntra(t)
	var all []entraKeyView
	s.does("entra", "keys", "contoso", "--json").json(&all)
	if len(all) != 1 || all[0].State != "active" {
		t.Fatalf("got %+v", all)
	}
	s.does("entra", "keys", "contoso", "--rotate", "--json").json(&all)
	if len(all) != 2 || all[1].State != "next" || all[1].SignsFrom == nil || all[1].SignsFrom.Sub(*all[1].CreatedAt).Hours() != 48 {
		t.Fatalf("got %+v", all)
	}
	s.types("", "entra", "keys", "contoso", "--replace").fails(statusFailure, "--yes")
}
