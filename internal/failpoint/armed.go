//go:build failpoints

package failpoint

import (
	"os"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
)

// Variable names the environment variable that says where to die.
const Variable = "NOD_FAILPOINT"

var (
	armed, count = setting(taken())
	file, filed  = strings.CutPrefix(armed, "@")
	met          atomic.Int64
)

// taken reads the variable and removes it: the configuration refuses what it does not know.
func taken() string {
	defer os.Unsetenv(Variable)
	return os.Getenv(Variable)
}

func setting(text string) (name string, count int64) {
	name, times, found := strings.Cut(text, ":")
	count, err := strconv.ParseInt(times, 10, 64)
	if !found || err != nil {
		count = 1
	}
	return name, count
}

// Hit ends the process if this is where it shall die.
func Hit(name string) {
	if !here(name) {
		return
	}
	_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
	select {} // the signal is on its way
}

func here(name string) bool {
	if !filed {
		return name == armed && met.Add(1) == count
	}
	point, err := os.ReadFile(file)
	return err == nil && string(point) == name && os.Remove(file) == nil
}
