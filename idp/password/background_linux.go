package password

import "golang.org/x/sys/unix"

// niceness leaves a hash about a quarter of a core that somebody else wants as well, so that
// sign-ins slow down under a flood of other requests and do not stop (sched(7)).
const niceness = 5

// lowerPriority makes the calling thread give way to the others of this process. Where that
// is not allowed everything works as before, only slower under load.
func lowerPriority() { _ = unix.Setpriority(unix.PRIO_PROCESS, 0, niceness) }
