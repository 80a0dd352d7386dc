package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/nod-idp/nod/cmd/nod/config"
)

func TestConfigCheckShowsWhatServeWouldRunWith(t *testing.T) {
	s := newTerminal(t)
	path := filepath.Join(t.TempDir(), "nod.yaml")
	if err := os.WriteFile(path, []byte("listen: 127.0.0.1:9\ndatabase: postgres://nod:geheim@db.example/nod\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("NOD_ORGANISATION", "Contoso")
	var checked struct{ Settings []config.Row }
	r := s.does("config", "check", "--config", path, "--match-digits", "6", "--json")
	r.json(&checked)
	got := map[string]config.Row{}
	for _, row := range checked.Settings {
		got[row.Name] = row
	}
	for name, want := range map[string]config.Row{
		"listen":       {Name: "listen", Value: "127.0.0.1:9", Origin: path + ":1"},
		"database":     {Name: "database", Value: "postgres://nod:xxxxx@db.example/nod", Origin: path + ":2"},
		"organisation": {Name: "organisation", Value: "Contoso", Origin: "environment NOD_ORGANISATION"},
		"match_digits": {Name: "match_digits", Value: "6", Origin: "flag --match-digits"},
		"public_url":   {Name: "public_url", Value: "http://localhost:9", Origin: "default"},
	} {
		if got[name] != want {
			t.Errorf("got %+v, want %+v", got[name], want)
		}
	}
	for _, out := range []string{r.stdout, s.does("config", "check", "--config", path).stdout} {
		if strings.Contains(out, "geheim") {
			t.Errorf("the password is shown: %s", out)
		}
	}
	if _, err := os.Stat(s.dir); err == nil {
		t.Error("the check began an installation")
	}
	s.types("", "config", "check", "--config", path, "--listen", "localhost", "--hsts=no").
		fails(statusFailure, `flag --listen: listen: "localhost" is refused`, `flag --hsts: hsts: "no" is refused`)
}

func TestVersionSaysWhichNodThisIs(t *testing.T) {
	s := newTerminal(t)
	var b map[string]string
	if s.does("version", "--json").json(&b); b["version"] == "" || b["go"] == "" || b["platform"] == "" {
		t.Errorf("got %v", b)
	}
	var raw json.RawMessage
	if s.types("", "version", "--json").json(&raw); len(raw) == 0 || !strings.HasPrefix(s.does("version").stdout, "nod ") {
		t.Errorf("got %s", raw)
	}
}
