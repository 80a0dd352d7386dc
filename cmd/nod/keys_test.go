package main

import (
	"strings"
	"testing"
)

type shownKey struct {
	KID       string `json:"kid"`
	Alg       string `json:"alg"`
	State     string `json:"state"`
	SignsFrom string `json:"signs_from"`
}

// keysOf lists an installation's keys of one algorithm.
func (s *terminal) keysOf(alg string) (found []shownKey) {
	s.t.Helper()
	var all []shownKey
	s.does("keys", "list", "--json").json(&all)
	for _, k := range all {
		if k.Alg == alg {
			found = append(found, k)
		}
	}
	return found
}

func TestKeysAreListedAndRotated(t *testing.T) {
	s := newTerminal(t)
	s.does("user", "add", "alice", "--data", s.dir)
	if out := s.does("keys", "list").stdout; !strings.Contains(out, "nod serve") {
		t.Errorf("without keys: got %s", out)
	}
	var first []shownKey
	s.does("keys", "rotate", "--alg", "ES256", "--json").json(&first)
	if len(first) != 1 || first[0].State != "next" || first[0].SignsFrom == "" {
		t.Fatalf("got %v", first)
	}
	s.does("keys", "rotate", "--alg", "ES256")
	if got := s.keysOf("ES256"); len(got) != 1 || got[0].KID != first[0].KID {
		t.Errorf("rotating twice: got %v, want the one that waits", got)
	}
	s.types("", "keys", "rotate", "--alg", "HS256").fails(statusUsage, "HS256")
	s.types("", "keys", "rotate", "--alg", "RS256", "--bits", "1024").fails(statusFailure, "1024")
}

func TestAnEmergencyWithdrawsKeysAtOnce(t *testing.T) {
	s := newTerminal(t)
	s.does("user", "add", "alice", "--data", s.dir)
	s.does("keys", "rotate", "--alg", "EdDSA")
	before := s.keysOf("EdDSA")
	s.types("", "keys", "rotate", "--alg", "EdDSA", "--emergency").fails(statusFailure, "--yes")
	out := s.does("keys", "rotate", "--alg", "EdDSA", "--emergency", "--yes").stdout
	after := s.keysOf("EdDSA")
	if len(after) != 1 || after[0].State != "active" || after[0].KID == before[0].KID || !strings.Contains(out, after[0].KID) {
		t.Errorf("got %v after %v, told %s", after, before, out)
	}
	if journal := s.does("audit").stdout; !strings.Contains(journal, "idp.signing_key.removed") || !strings.Contains(journal, "idp.signing_key.created") {
		t.Errorf("the journal: %s", journal)
	}
}
