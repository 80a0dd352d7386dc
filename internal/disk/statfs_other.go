//go:build !linux

package disk

import "syscall"

func statfs(path string) (Volume, error) {
	var s syscall.Statfs_t
	if err := syscall.Statfs(path, &s); err != nil {
		return Volume{}, err
	}
	return Volume{Name: "a file system", Kind: Unknown, Free: uint64(s.Bavail) * uint64(s.Bsize)}, nil
}
