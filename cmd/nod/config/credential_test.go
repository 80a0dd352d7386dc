package config

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/spf13/pflag"
)

func TestTheSealingKeyMayBeACredentialOfSystemd(t *testing.T) {
	dir := t.TempDir()
	load := func(args []string, environ ...string) Config {
		t.Helper()
		flags := pflag.NewFlagSet("test", pflag.ContinueOnError)
		BindPlace(flags)
		if err := flags.Parse(append(args, "--data", "/d")); err != nil {
			t.Fatal(err)
		}
		c, err := LoadForVerb(flags, append(environ, "CREDENTIALS_DIRECTORY="+dir))
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	if got := load(nil).KeyFile(); got != "/d/sealing.key" {
		t.Errorf("without such a credential: got %s", got)
	}
	path := filepath.Join(dir, "sealing.key")
	if err := os.WriteFile(path, nil, 0o400); err != nil {
		t.Fatal(err)
	}
	if got := load(nil).KeyFile(); got != path {
		t.Errorf("got %s, want the credential", got)
	}
	if got := load(nil, "NOD_SEALING_KEY_FILE=/env").KeyFile(); got != "/env" {
		t.Errorf("got %s, want the environment's before it", got)
	}
	if got := load([]string{"--sealing-key-file", "/flag"}, "NOD_SEALING_KEY_FILE=/env").KeyFile(); got != "/flag" {
		t.Errorf("got %s, want the flag's before all", got)
	}
}
