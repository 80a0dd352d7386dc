package e2e

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"testing"

	"github.com/nod-idp/nod/internal/backup"
)

func TestAServerTellsTheAgeOfABackupThatACommandTook(t *testing.T) {
	i := install(t)
	l := must(net.Listen("tcp", "127.0.0.1:0"))
	address := l.Addr().String()
	_ = l.Close()
	i.config = filepath.Join(t.TempDir(), "nod.yaml")
	if err := os.WriteFile(i.config, []byte("metrics: "+address+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	i.start()
	_, before := get(t, "http://"+address+"/metrics")
	figure(t, before, "nod_backup_timestamp_seconds 0")
	i.stop() // figures are read from the database once a while
	var s backup.Summary
	i.must(&s, "", "backup", filepath.Join(t.TempDir(), "nod.backup"), "--json", "--data", i.data)
	i.start()
	_, after := get(t, "http://"+address+"/metrics")
	figure(t, after, fmt.Sprintf("nod_backup_timestamp_seconds %v", float64(s.MadeAt.UnixMilli())/1000))
}
