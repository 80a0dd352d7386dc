package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestThePolicyExplainsItself(t *testing.T) {
	s := newTerminal(t)
	s.does("user", "add", "alice")
	s.does("group", "add", "admins")
	s.does("group", "members", "admins", "--add", "alice")
	s.does("client", "add", "mail", "--redirect-uri", "https://mail.example.org/callback")
	file := filepath.Join(t.TempDir(), "nod.yaml")
	if err := os.WriteFile(file, []byte(`
policy:
  - name: office
    networks: [10.0.0.0/8]
    factor: "off"
  - name: admins
    groups: [admins]
    methods: [push, passkey]
    match_digits: 6
    session: 8h
`), 0o600); err != nil {
		t.Fatal(err)
	}
	var view policyView
	s.does("policy", "explain", "--user", "alice", "--client", "mail", "--ip", "203.0.113.9", "--config", file, "--json").json(&view)
	if !view.SecondFactor || view.MatchDigits != 6 || view.Session != "8h" || len(view.Methods) != 2 || view.WithoutDevice != "link" {
		t.Errorf("outside: got %+v", view)
	}
	says := func(r result, words ...string) {
		t.Helper()
		for _, word := range words {
			if !strings.Contains(r.stdout, word) {
				t.Errorf("%s: got %q, want %q in it", r.args, r.stdout, word)
			}
		}
	}
	says(s.does("policy", "explain", "--user", "alice", "--client", "mail", "--ip", "10.1.2.3", "--config", file), "the password alone", "rule office")
	says(s.does("policy", "explain", "--user", "alice", "--client", "mail"), "one of: push, passcode, passkey, recovery", "client")
	s.types("", "policy", "explain", "--user", "alice", "--client", "mail", "--ip", "home").fails(statusUsage, "is not an address")
	s.types("", "policy", "explain", "--user", "bob", "--client", "mail").fails(statusFailure, "no such user")
	s.types("", "policy", "explain", "--user", "alice", "--client", "wiki").fails(statusFailure, "no such client")
	s.types("", "policy", "explain").fails(statusUsage, "required flag")
}
