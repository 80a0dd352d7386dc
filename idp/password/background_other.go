//go:build !linux

package password

// lowerPriority does nothing where a priority belongs to a process and not to a thread.
func lowerPriority() {}
