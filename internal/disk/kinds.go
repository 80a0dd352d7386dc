package disk

import "fmt"

// kinds are the file systems by the numbers that statfs(2) tells (linux/magic.h). What is
// not here is taken for a local one.
var kinds = map[uint32]Volume{
	0x6969:     {Name: "nfs", Kind: Network},
	0x517b:     {Name: "smb", Kind: Network},
	0xff534d42: {Name: "cifs", Kind: Network},
	0xfe534d42: {Name: "smb2", Kind: Network},
	0x5346414f: {Name: "afs", Kind: Network},
	0x6b414653: {Name: "afs", Kind: Network}, // the kernel's own
	0x73757245: {Name: "coda", Kind: Network},
	0x00c36400: {Name: "ceph", Kind: Network},
	0x01021997: {Name: "9p", Kind: Network},
	0x0bd00bd0: {Name: "lustre", Kind: Network},
	0x47504653: {Name: "gpfs", Kind: Network},

	0x65735546: {Name: "fuse", Kind: Foreign},

	0xef53:     {Name: "ext4", Kind: Local}, // ext2 and ext3 as well
	0x58465342: {Name: "xfs", Kind: Local},
	0x9123683e: {Name: "btrfs", Kind: Local},
	0xf2f52010: {Name: "f2fs", Kind: Local},
	0x2fc12fc1: {Name: "zfs", Kind: Local},
	0x01021994: {Name: "tmpfs", Kind: Local},
	0x794c7630: {Name: "overlay", Kind: Local},
}

// named is the volume of a number.
func named(magic uint32) Volume {
	if v, ok := kinds[magic]; ok {
		return v
	}
	return Volume{Name: fmt.Sprintf("%#x", magic), Kind: Local}
}
