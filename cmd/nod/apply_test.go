package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// file writes a file for apply and returns its path.
func (s *terminal) file(text string) string {
	s.t.Helper()
	path := filepath.Join(s.t.TempDir(), "clients.yaml")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		s.t.Fatal(err)
	}
	return path
}

const declared = `clients:
  - client_id: mail
    redirect_uris: [https://mail.example/cb]
  - client_id: app
    token_endpoint_auth_method: none
    redirect_uris: [com.example.app:/cb]
`

func TestTheApplicationsBecomeWhatAFileSays(t *testing.T) {
	s := newTerminal(t)
	s.does("client", "add", "mail", "--redirect-uri", "https://mail.example/old", "--name", "Mail")
	s.does("client", "add", "old", "--redirect-uri", "https://old.example/cb")
	path := s.file(declared)

	dry := s.does("apply", path, "--dry-run").stdout
	for _, want := range []string{
		"+ client app\n", "    redirect_uris: [com.example.app:/cb]\n", "~ client mail\n", "    name: Mail → mail\n",
		"    redirect_uris: [https://mail.example/old] → [https://mail.example/cb]\n", "This would change 2 clients. Nothing was changed.\n",
	} {
		if !strings.Contains(dry, want) {
			t.Errorf("got %s, want it to say %q", dry, want)
		}
	}
	var got appliedView
	s.does("apply", path, "--dry-run", "--json").json(&got)
	if !got.DryRun || len(got.Changes) != 2 {
		t.Errorf("got %+v", got)
	}
	var list []clientView
	if s.does("client", "list", "--json").json(&list); len(list) != 2 || list[0].Name != "Mail" {
		t.Fatalf("the dry run changed something: %+v", list)
	}
	s.does("apply", path)
	if again := s.does("apply", path).stdout; again != "There is nothing to change.\n" {
		t.Errorf("the second time: got %s", again)
	}
	s.types("", "apply", path, "--prune").fails(statusFailure, "remove the client old for good", "--yes")
	s.types(declared, "apply", "-", "--prune", "--yes").ok()
	if s.does("client", "list", "--json").json(&list); len(list) != 2 || list[0].ID != "app" || list[1].ID != "mail" || list[1].RedirectURIs[0] != "https://mail.example/cb" {
		t.Errorf("got %+v", list)
	}
}

func TestASecretThatApplyMakesIsPrintedOnce(t *testing.T) {
	s := newTerminal(t)
	path := s.file(declared)
	var got appliedView
	s.does("apply", path, "--json").json(&got)
	if len(got.Changes) != 2 || got.Changes[0].ID != "app" || got.Changes[0].Secret != "" || got.Changes[1].Secret == "" {
		t.Fatalf("got %+v", got)
	}
	secret := got.Changes[1].Secret
	if c, err := s.opened().Clients.Get(t.Context(), "mail"); err != nil || !c.VerifySecret(secret) {
		t.Errorf("the printed secret: got %v, want it to be right", err)
	}
	public := s.file(strings.Replace(declared, "client_id: mail", "client_id: mail\n    token_endpoint_auth_method: none", 1))
	s.types("", "apply", public).fails(statusFailure, "end 1 secret of the client mail", "--yes")
	for _, out := range []string{s.does("apply", public, "--dry-run").stdout, s.does("audit", "--json").stdout, s.does("apply", path, "--json").stdout} {
		if strings.Contains(out, secret) {
			t.Errorf("the secret is printed again: %s", out)
		}
	}
}

func TestAMistakeInTheFileChangesNothingAndSaysWhere(t *testing.T) {
	s := newTerminal(t)
	s.does("apply", s.file("clients: []"))
	for text, says := range map[string]string{
		declared + "  - client_id: more\n    redirekt_uris: [https://more.example/cb]\n":                `clients.yaml:8: "redirekt_uris" is not a setting of a client`,
		declared + "  - client_id: more\n    name: More\n    redirect_uris: [http://more.example/cb]\n": "clients.yaml:9: client \"more\": redirect_uris",
	} {
		s.types("", "apply", s.file(text)).fails(statusFailure, says)
	}
	s.types("", "apply", "/nowhere.yaml").fails(statusFailure, "no such file")
	s.types("", "apply").fails(statusUsage, "FILE is missing")
	var list []clientView
	if s.does("client", "list", "--json").json(&list); len(list) != 0 {
		t.Errorf("left %+v", list)
	}
}

func TestThePolicyBecomesWhatAFileSays(t *testing.T) {
	s := newTerminal(t)
	s.does("user", "add", "alice")
	s.does("client", "add", "mail", "--redirect-uri", "https://mail.example/cb")
	own := s.file("policy:\n  - {name: own, factor: push}\n")
	explained := func() string {
		return s.does("policy", "explain", "--user", "alice", "--client", "mail", "--config", own).stdout
	}
	rules := s.file("policy:\n  - {name: lax, factor: \"off\"}\n  - {name: long, session: 8h}\n")
	dry := s.does("apply", rules, "--dry-run").stdout
	for _, want := range []string{
		"~ policy\n", "    rule lax is new\n", "    rule long is new\n", "    it does not stand in the configuration file any more\n",
		"This would change the policy. Nothing was changed.\n",
	} {
		if !strings.Contains(dry, want) {
			t.Errorf("got %s, want it to say %q", dry, want)
		}
	}
	if got := explained(); !strings.Contains(got, "rule own") {
		t.Errorf("after a dry run: got %s, want the rules of the configuration file", got)
	}
	var got appliedView
	s.does("apply", rules, "--json").json(&got)
	if len(got.Policy) != 3 || len(got.Changes) != 0 {
		t.Errorf("got %+v", got)
	}
	if got := explained(); !strings.Contains(got, "rule lax") || strings.Contains(got, "rule own") {
		t.Errorf("applied: got %s, want the applied rules", got)
	}
	if again := s.does("apply", rules).stdout; again != "There is nothing to change.\n" {
		t.Errorf("the second time: got %s", again)
	}
	both := "policy:\n  - {name: lax, factor: push}\n" + declared
	s.types("", "apply", s.file(both+"  - client_id: bad\n    redirect_uris: [http://bad.example/cb]\n")).fails(statusFailure, `client "bad"`)
	if got := explained(); !strings.Contains(got, "the password alone") {
		t.Errorf("with a client that cannot be: got %s, want nothing changed", got)
	}
	if out := s.does("apply", s.file(both)).stdout; !strings.Contains(out, "rule lax is another") || !strings.Contains(out, "Changed 1 client and the policy.") {
		t.Errorf("both: got %s", out)
	}
	s.types("", "apply", rules, "--prune").fails(statusUsage, "needs a list of clients")
	if out := s.does("apply", s.file("policy: null\n")).stdout; !strings.Contains(out, "it stands in the configuration file again") {
		t.Errorf("taken away: got %s", out)
	}
	if got := explained(); !strings.Contains(got, "rule own") {
		t.Errorf("taken away: got %s, want the rules of the configuration file", got)
	}
	if n := strings.Count(s.does("audit", "--json").stdout, "policy.replaced"); n != 3 {
		t.Errorf("got %d entries in the journal, want 3", n)
	}
}
