package browsertest

import (
	"os/exec"
	"testing"
)

// Program returns the path of the first of these programs that is installed. If there
// is none the test fails and names the Debian package to install: a browser test that
// quietly does not run is worth less than none.
func Program(t testing.TB, debianPackage string, names ...string) string {
	t.Helper()
	for _, name := range names {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	t.Fatalf("none of %q is installed: browser tests need the Debian package %s (apt-get install %s)",
		names, debianPackage, debianPackage)
	return ""
}
