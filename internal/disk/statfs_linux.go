package disk

import "syscall"

func statfs(path string) (Volume, error) {
	var s syscall.Statfs_t
	if err := syscall.Statfs(path, &s); err != nil {
		return Volume{}, err
	}
	v := named(uint32(s.Type))
	v.Free = s.Bavail * uint64(s.Bsize)
	return v, nil
}
