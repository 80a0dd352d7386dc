package entra_test

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/nod-idp/nod/idp"
	"github.com/nod-idp/nod/idp/entra"
	"github.com/nod-idp/nod/idp/user"
)

func TestAnAccountBelongsToOnePerson(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		bob, err := w.users.Add(t.Context(), user.New{Name: "bob"})
		must(t, err)
		w.link()
		w.link() // says nothing new
		if n := w.audited("entra.linked", "ok"); n != 1 {
			t.Errorf("got %d entries in the journal, want 1", n)
		}
		if err := w.Link(t.Context(), w.tenant, strings.ToUpper(account.OID), bob.ID, "cli:test"); !errors.Is(err, entra.ErrLinked) {
			t.Errorf("somebody else's: got %v", err)
		}
		must(t, w.Link(t.Context(), w.tenant, "second-account", w.alice.ID, "cli:test"))
		links, err := w.Links(t.Context(), w.tenant)
		must(t, err)
		if len(links) != 2 || links[0].UserName != "alice" {
			t.Errorf("got %+v", links)
		}
		must(t, w.Unlink(t.Context(), w.tenant, account.OID))
		if err := w.Unlink(t.Context(), w.tenant, account.OID); !errors.Is(err, entra.ErrNotLinked) {
			t.Errorf("the second time: got %v", err)
		}
		must(t, w.Link(t.Context(), w.tenant, account.OID, bob.ID, "cli:test"))
	})
}

func TestACodeLinksAnAccountOnce(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		login := idp.Login{ID: "log_1", Request: idp.AuthRequest{Foreign: &idp.Foreign{Object: account.OID}}}
		try := func(code string) {
			t.Helper()
			must(t, w.Identify(t.Context(), w.tenant, login, idp.Browser{IP: "192.0.2.1"}, "form", code))
		}
		links := func(want int, when string) {
			t.Helper()
			if got, err := w.Links(t.Context(), w.tenant); err != nil || len(got) != want {
				t.Errorf("%s: got %d links, %v, want %d", when, len(got), err, want)
			}
		}
		old, _, err := w.Code(t.Context(), w.tenant, w.alice.ID, time.Hour)
		must(t, err)
		code, _, err := w.Code(t.Context(), w.tenant, w.alice.ID, time.Hour)
		must(t, err)
		other, err := w.Add(t.Context(), entra.Tenant{Name: "other", TenantID: tid, AppID: appID, ClientID: "nod", Authority: w.fake.URL, Enrol: true})
		must(t, err)
		elsewhere, _, err := w.Code(t.Context(), other, w.alice.ID, time.Hour)
		must(t, err)
		for _, wrong := range []string{"", "hello", "00000-00000", old, elsewhere} {
			try(wrong)
			w.clock = w.clock.Add(20 * time.Second) // the delay between guesses
		}
		links(0, "wrong codes")
		if len(w.logins.notes) != 5 || w.logins.notes[0].Kind != idp.Mismatch {
			t.Errorf("the page tells %+v", w.logins.notes)
		}
		try(strings.ToLower(code))
		links(1, "the code")
		must(t, w.Unlink(t.Context(), w.tenant, account.OID))
		try(code)
		links(0, "the code again")
		late, _, err := w.Code(t.Context(), w.tenant, w.alice.ID, time.Hour)
		must(t, err)
		w.clock = w.clock.Add(time.Hour)
		try(late)
		links(0, "a code that is too old")
		w.tenant.Enrol = false
		if _, _, err := w.Code(t.Context(), w.tenant, w.alice.ID, time.Hour); !errors.Is(err, entra.ErrNoCodes) {
			t.Errorf("where codes are not allowed: got %v", err)
		}
	})
}

func TestWhoeverGuessesCodesWaits(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		login := idp.Login{ID: "log_1", Request: idp.AuthRequest{Foreign: &idp.Foreign{Object: account.OID}}}
		for range 7 {
			must(t, w.Identify(t.Context(), w.tenant, login, idp.Browser{IP: "192.0.2.1"}, "form", "00000-00000"))
		}
		if last := w.logins.notes[len(w.logins.notes)-1]; last.Kind != idp.Wait {
			t.Errorf("got %+v, want a wait", last)
		}
	})
}

func TestATenantLeavesNothingBehind(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.link()
		_, _, err := w.Code(t.Context(), w.tenant, w.alice.ID, time.Hour)
		must(t, err)
		must(t, w.Remove(t.Context(), w.tenant.ID))
		if n := w.count("SELECT count(*) FROM entra_links") + w.count("SELECT count(*) FROM entra_codes") + w.count("SELECT count(*) FROM signing_keys"); n != 0 {
			t.Errorf("%d links, codes and keys are left", n)
		}
		if err := w.Remove(t.Context(), w.tenant.ID); !errors.Is(err, entra.ErrNotFound) {
			t.Errorf("the second time: got %v", err)
		}
	})
}

func TestRegistrationsThatAreRefused(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		good := entra.Tenant{Name: "new", TenantID: tid, AppID: appID, ClientID: "nod"}
		for name, change := range map[string]func(*entra.Tenant){
			"no name":                      func(n *entra.Tenant) { n.Name = " " },
			"a name with a control":        func(n *entra.Tenant) { n.Name = "a\x1b" },
			"a domain as tenant":           func(n *entra.Tenant) { n.TenantID = "contoso.onmicrosoft.com" },
			"no application":               func(n *entra.Tenant) { n.AppID = "" },
			"a client id with a blank":     func(n *entra.Tenant) { n.ClientID = "a b" },
			"a cloud that there is not":    func(n *entra.Tenant) { n.Cloud = "germany" },
			"an authority elsewhere":       func(n *entra.Tenant) { n.Authority = "https://login.example.com" },
			"an authority with a name":     func(n *entra.Tenant) { n.Authority = "http://user@127.0.0.1" },
			"a reply URL elsewhere":        func(n *entra.Tenant) { n.Reply = "https://evil.example/collect" },
			"a reply URL that looks local": func(n *entra.Tenant) { n.Reply = "http://127.0.0.1.evil.example" },
		} {
			n := good
			change(&n)
			if _, err := w.Add(t.Context(), n); !errors.Is(err, entra.ErrRefused) {
				t.Errorf("%s: got %v", name, err)
			}
		}
		if _, err := w.Add(t.Context(), entra.Tenant{Name: "contoso", TenantID: tid, AppID: appID, ClientID: "nod"}); !errors.Is(err, entra.ErrNameTaken) {
			t.Errorf("a name that is taken: got %v", err)
		}
		for cloud, reply := range map[entra.Cloud]string{
			entra.Global: "https://login.microsoftonline.com/common/federation/externalauthprovider",
			entra.USGov:  "https://login.microsoftonline.us/common/federation/externalauthprovider",
			entra.China:  "https://login.partner.microsoftonline.cn/common/federation/externalauthprovider",
		} {
			n := good
			n.Name, n.Cloud, n.TenantID = string(cloud), cloud, strings.ToUpper(tid)
			got, err := w.Add(t.Context(), n)
			if err != nil || got.ReplyURL() != reply || got.TenantID != tid {
				t.Errorf("%s: got %+v, %v", cloud, got, err)
			}
		}
	})
}

func TestOfManyAccountsOneUsesACode(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		code, _, err := w.Code(t.Context(), w.tenant, w.alice.ID, time.Hour)
		must(t, err)
		var wg sync.WaitGroup
		for i := range 12 {
			oid := fmt.Sprintf("account-%d", i)
			wg.Go(func() {
				login := idp.Login{ID: "of " + oid, Request: idp.AuthRequest{Foreign: &idp.Foreign{Object: oid}}}
				if err := w.Identify(t.Context(), w.tenant, login, idp.Browser{IP: "192.0.2.1"}, "form", code); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		links, err := w.Links(t.Context(), w.tenant)
		must(t, err)
		if len(links) != 1 {
			t.Errorf("%d accounts were linked by one code", len(links))
		}
	})
}
