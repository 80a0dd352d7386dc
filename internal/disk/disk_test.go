package disk

import (
	"io/fs"
	"path/filepath"
	"syscall"
	"testing"
)

func TestFileSystemsAreToldApart(t *testing.T) {
	for _, row := range []struct {
		magic uint32
		name  string
		kind  Kind
	}{
		{0x6969, "nfs", Network}, {0xff534d42, "cifs", Network}, {0xfe534d42, "smb2", Network}, {0x01021997, "9p", Network},
		{0x5346414f, "afs", Network}, {0x00c36400, "ceph", Network},
		{0x65735546, "fuse", Foreign},
		{0xef53, "ext4", Local}, {0x794c7630, "overlay", Local}, {0x01021994, "tmpfs", Local}, {0x12345678, "0x12345678", Local},
	} {
		if got := named(row.magic); got.Name != row.name || got.Kind != row.kind {
			t.Errorf("%#x: got %+v, want %s, %s", row.magic, got, row.name, row.kind)
		}
	}
}

func TestOfAFolderThatIsYetToBeMadeTheOneAboveIsAsked(t *testing.T) {
	var asked []string
	v, err := look("/srv/nod/data", func(path string) (Volume, error) {
		asked = append(asked, path)
		if path != "/srv" {
			return Volume{}, fs.ErrNotExist
		}
		return Volume{Name: "nfs", Kind: Network}, nil
	})
	if err != nil || v.Kind != Network || len(asked) != 3 {
		t.Errorf("got %+v, %v after %v", v, err, asked)
	}
	if _, err := look("/srv", func(string) (Volume, error) { return Volume{}, syscall.EACCES }); err == nil {
		t.Error("a folder that may not be looked at: got no error")
	}
}

func TestThisFileSystemHasRoom(t *testing.T) {
	v, err := Look(filepath.Join(t.TempDir(), "not", "there"))
	if err != nil || v.Free == 0 || v.Name == "" || v.Kind == Network {
		t.Errorf("got %+v, %v", v, err)
	}
}
