package password

import "runtime"

// inBackground runs f on a thread of its own at a low priority and waits for it. A hash takes
// a core for tens of milliseconds; whatever answers in less, tokens above all, goes first. The
// thread ends with f: making one costs a thousandth of the hash.
func inBackground(f func()) {
	done := make(chan struct{})
	go func() {
		runtime.LockOSThread() // and never unlocked: the priority cannot be raised again
		defer close(done)
		lowerPriority()
		f()
	}()
	<-done
}
