package browsertest_test

import (
	"fmt"
	"runtime"
	"strings"
	"testing"

	"github.com/nod-idp/nod/internal/browsertest"
)

// failing stands in for a test that is expected to fail, and keeps what it failed with.
type failing struct {
	testing.TB
	text string
}

func (f *failing) Helper() {}

func (f *failing) Fatalf(format string, args ...any) {
	f.text = fmt.Sprintf(format, args...)
	runtime.Goexit()
}

// fails runs something that fails the test it is given, and returns the text.
func fails(t *testing.T, run func(testing.TB)) string {
	t.Helper()
	f := &failing{TB: t}
	done := make(chan struct{})
	go func() {
		defer close(done)
		run(f)
	}()
	<-done
	return f.text
}

func TestAMissingProgramFailsTheTestAndNamesThePackage(t *testing.T) {
	text := fails(t, func(t testing.TB) { browsertest.Program(t, "firefox-esr", "no-such-browser") })
	if !strings.Contains(text, "no-such-browser") || !strings.Contains(text, "apt-get install firefox-esr") {
		t.Errorf("the test fails with %q, want the program and the package", text)
	}
	if found := browsertest.Program(t, "libc-bin", "no-such-program", "sh"); !strings.HasSuffix(found, "/sh") {
		t.Errorf("found %q, want sh", found)
	}
}
