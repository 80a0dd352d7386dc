package entra_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/nod-idp/nod/idp/entra"
	"github.com/nod-idp/nod/idp/user"
)

// exported is a list as Entra's admin center exports it.
const exported = "\uFEFFuserPrincipalName,displayName,surname,mail,givenName,id,userType,jobTitle\r\n" +
	"alice@contoso.example,Alice Example,Example,alice@contoso.example,Alice,951ddb04-b16d-45f3-bbf7-b0fa18fa7aee,Member,\r\n" +
	"carol@contoso.example,\"Carol, the second\",Second,,Carol,951ddb04-b16d-45f3-bbf7-b0fa18fa7aff,Member,Boss\r\n"

func (w *world) imported(list string, rehearse bool) ([]entra.Imported, error) {
	w.t.Helper()
	accounts, err := entra.ReadAccounts(strings.NewReader(list))
	if err != nil {
		return nil, err
	}
	return w.Import(w.t.Context(), w.users, w.tenant, accounts, "cli:test", rehearse)
}

func TestAListOfAccountsIsTakenOver(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		does := func(rehearse bool, want ...entra.Doing) {
			t.Helper()
			done, err := w.imported(exported, rehearse)
			if err != nil || len(done) != 2 || done[0].Does != want[0] || done[1].Does != want[1] {
				t.Fatalf("got %+v, %v, want %v", done, err, want)
			}
		}
		does(true, entra.Links, entra.Adds)
		if w.count("SELECT count(*) FROM entra_links") != 0 || w.count("SELECT count(*) FROM users") != 1 {
			t.Error("the rehearsal changed something")
		}
		does(false, entra.Links, entra.Adds)
		does(false, entra.Unchanged, entra.Unchanged)
		carol, err := w.users.ByLogin(t.Context(), "carol@contoso.example")
		must(t, err)
		if carol.HasPassword() || carol.Claims.Name != "Carol, the second" || carol.Claims.Email != "" {
			t.Errorf("got %+v", carol)
		}
		must(t, w.begin(w.hint(nil), nil))
		if w.logins.begun[0].userID != w.alice.ID {
			t.Error("alice is not linked")
		}
	})
}

func TestAColumnNamesPeopleAsTheyAreCalledHere(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		done, err := w.imported("Object ID,User\n"+account.OID+",ALICE\n", false)
		if err != nil || len(done) != 1 || done[0].Name != "alice" || done[0].Does != entra.Links {
			t.Errorf("got %+v, %v", done, err)
		}
	})
}

func TestAListWithAFaultChangesNothingAndNamesEveryLine(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		bob, err := w.users.Add(t.Context(), user.New{Name: "bob"})
		must(t, err)
		must(t, w.Link(t.Context(), w.tenant, "taken", bob.ID, "cli:test"))
		list := "id,userPrincipalName,mail,user\n" +
			"new,dora@contoso.example,,\n" + // 2: fine
			"taken,erin@contoso.example,,\n" + // 3: somebody else's
			"x,,,nobody\n" + // 4: not here
			"y,frank@contoso.example,no address,\n" + // 5: no mail address
			"no/id,gina@contoso.example,,\n" // 6: no id
		_, err = w.imported(list, false)
		if err == nil || !errors.Is(err, entra.ErrLinked) || !errors.Is(err, user.ErrNotFound) {
			t.Fatalf("got %v", err)
		}
		for _, line := range []string{"line 3:", "line 4:", "line 5:", "line 6:"} {
			if !strings.Contains(err.Error(), line) {
				t.Errorf("%s is not named in %v", line, err)
			}
		}
		if w.count("SELECT count(*) FROM entra_links") != 1 || w.count("SELECT count(*) FROM users") != 2 {
			t.Error("half of it was done")
		}
	})
}

func TestListsThatCannotBeRead(t *testing.T) {
	for name, row := range map[string]struct{ list, says string }{
		"nothing":                   {"", "no first line"},
		"no heading":                {"951ddb04-b16d-45f3-bbf7-b0fa18fa7aee,alice\n", "columns"},
		"no object id":              {"userPrincipalName\nalice\n", "columns"},
		"two object ids":            {"id,objectId,userPrincipalName\na,b,c\n", "columns"},
		"no account":                {"id,userPrincipalName\n", "no account"},
		"a column too few":          {"id,userPrincipalName,mail\na,b\n", "line 2:"},
		"a missing object id":       {"id,userPrincipalName\n,b\n", "line 2:"},
		"a missing person":          {"id,userPrincipalName\na,\n", "line 2:"},
		"an object id twice":        {"id,userPrincipalName\na,b\nA,c\n", "line 3: the object id stands in line 2"},
		"bytes that are no text":    {"id,userPrincipalName\na,\xff\n", "line 2:"},
		"a quote that never closes": {"id,userPrincipalName\na,\"b\n", "line"},
	} {
		if _, err := entra.ReadAccounts(strings.NewReader(row.list)); err == nil || !strings.Contains(err.Error(), row.says) {
			t.Errorf("%s: got %v, want %q", name, err, row.says)
		}
	}
}
