package config

import (
	"errors"
	"strings"
	"testing"

	"github.com/nod-idp/nod/internal/disk"
)

func TestADatabaseFileOnANetworkIsRefused(t *testing.T) {
	for _, row := range []struct {
		says    string
		place   Place
		volume  disk.Volume
		err     error
		refused bool
	}{
		{"NFS", Place{Data: "/d"}, disk.Volume{Name: "nfs", Kind: disk.Network}, nil, true},
		{"NFS by choice", Place{Data: "/d", AllowNetworkDisk: true}, disk.Volume{Name: "nfs", Kind: disk.Network}, nil, false},
		{"NFS under the key of a PostgreSQL", Place{Data: "/d", Database: "postgres://h/n"}, disk.Volume{Name: "nfs", Kind: disk.Network}, nil, false},
		{"FUSE", Place{Data: "/d"}, disk.Volume{Name: "fuse", Kind: disk.Foreign}, nil, false},
		{"a disk", Place{Data: "/d"}, disk.Volume{Name: "ext4", Kind: disk.Local}, nil, false},
		{"one that does not tell", Place{Data: "/d"}, disk.Volume{}, errors.New("no"), false},
	} {
		var got string
		row.place.checkDisk(func(path string) (disk.Volume, error) {
			if path != "/d/nod.db" {
				t.Errorf("%s: asked about %s", row.says, path)
			}
			return row.volume, row.err
		}, func(name, _, allowed string) { got = name + ": " + allowed })
		if (got != "") != row.refused || row.refused && !(strings.Contains(got, "nfs") && strings.Contains(got, "PostgreSQL") && strings.Contains(got, "allow_network_disk")) {
			t.Errorf("%s: got %q", row.says, got)
		}
	}
}
