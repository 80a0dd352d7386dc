package e2e

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// onSmallDisk puts the installation on a file system of that many MiB, mounted in a
// namespace that its commands enter, and returns a path that leads there from outside.
// Nobody has to be root for it.
func (i *installation) onSmallDisk(mib int) string {
	t := i.t
	t.Helper()
	at := t.TempDir()
	script := fmt.Sprintf("mount -t tmpfs -o size=%dm,mode=700 nod %q && echo mounted && read end", mib, at)
	keeper := exec.Command("unshare", "--user", "--map-root-user", "--mount", "sh", "-c", script)
	var diagnosis strings.Builder
	keeper.Stderr = &diagnosis
	alive, err := keeper.StdinPipe() // the keeper, and the file system with it, ends with this process
	if err != nil {
		t.Fatal(err)
	}
	told, err := keeper.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := keeper.Start(); err != nil {
		t.Skipf("no disk can be made small without unshare(1): %v", err)
	}
	t.Cleanup(func() {
		_ = alive.Close()
		_ = keeper.Wait()
	})
	if line, _ := bufio.NewReader(told).ReadString('\n'); line != "mounted\n" {
		t.Skipf("no disk can be made small, since namespaces are not permitted here: %s", &diagnosis)
	}
	path := filepath.Join("/proc", fmt.Sprint(keeper.Process.Pid), "root", at)
	if _, err := os.ReadDir(path); err != nil {
		t.Skipf("the small disk cannot be reached from here: %v", err)
	}
	wrapper := filepath.Join(t.TempDir(), "nod")
	enter := fmt.Sprintf("#!/bin/sh\nexec nsenter --preserve-credentials --user --mount --target %d %q \"$@\"\n", keeper.Process.Pid, i.nod)
	if err := os.WriteFile(wrapper, []byte(enter), 0o700); err != nil {
		t.Fatal(err)
	}
	i.nod, i.data = wrapper, filepath.Join(at, "data")
	return path
}

// fill takes all the room that is left on a disk.
func fill(t *testing.T, path string) {
	t.Helper()
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	block := make([]byte, 64<<10)
	for size := len(block); size > 0; {
		if _, err := f.Write(block[:size]); err != nil {
			size /= 2 // the last bytes too
		}
	}
}
