package nodes

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/nod-idp/nod/internal/failpoint"
)

func TestTheShippedBinaryHasNoFailpoints(t *testing.T) {
	path := filepath.Join(t.TempDir(), "nod")
	if out, err := exec.Command("go", "build", "-o", path, "github.com/nod-idp/nod/cmd/nod").CombinedOutput(); err != nil {
		t.Fatalf("build: %v\n%s", err, out)
	}
	tested, err := binary()
	if err != nil {
		t.Fatal(err)
	}
	shipped, with := read(t, path), read(t, tested)
	for _, text := range append([]string{"NOD_FAILPOINT", "internal/failpoint.Hit", failpoint.MigrationUnfinished, failpoint.BackupUnfinished}, points...) {
		if bytes.Contains(shipped, []byte(text)) {
			t.Errorf("the shipped binary holds %q", text)
		}
		if !bytes.Contains(with, []byte(text)) {
			t.Errorf("the binary for crashes lacks %q", text)
		}
	}
}

func read(t *testing.T, path string) []byte {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return b
}
