package app

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestScripts runs the tests of the authenticator's scripts, which read the
// vectors of devices/protocol as well.
func TestScripts(t *testing.T) {
	node, err := exec.LookPath("node")
	if err != nil {
		t.Fatal("node is missing: install the Debian package nodejs")
	}
	files, err := filepath.Glob("testjs/*.test.js")
	if err != nil || len(files) == 0 {
		t.Fatalf("got no scripts to test (%v)", err)
	}
	cmd := exec.Command(node, append([]string{"--import", "./testjs/webcrypto.js", "--test", "--test-reporter=tap"}, files...)...)
	// Options of whoever runs this must not choose which tests run.
	cmd.Env = append(os.Environ(), "NODE_OPTIONS=")
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("node --test: %v\n%s", err, out)
	}
	// Nothing may be left out silently, neither a file nor a test.
	for _, want := range []string{"\n# fail 0\n", "\n# skipped 0\n", "\n# todo 0\n", "\n# cancelled 0\n"} {
		if !strings.Contains(string(out), want) {
			t.Errorf("got no line %q in\n%s", strings.TrimSpace(want), out)
		}
	}
}
