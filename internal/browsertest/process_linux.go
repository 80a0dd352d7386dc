package browsertest

import "syscall"

// endWithParent makes the kernel end the program when the test's process dies without
// cleaning up, for example at the time limit of go test.
func endWithParent(attr *syscall.SysProcAttr) { attr.Pdeathsig = syscall.SIGKILL }
