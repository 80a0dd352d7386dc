package db_test

import (
	"crypto/sha256"
	"database/sql"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/nod-idp/nod/internal/db"
)

// Sizes in a write-ahead log of SQLite, in bytes (sqlite.org/fileformat2.html, section 4.1).
const (
	walHeader   = 32
	frameHeader = 24
)

// When the power goes, what was synced is there and of the rest any beginning may be. Whichever
// it is, the database opens, each transaction is there whole or not at all, none comes back
// that a shorter log did not have room for, and whatever was acknowledged by then is there.
func TestWhatThePowerLeavesOfTheLog(t *testing.T) {
	path := filepath.Join(t.TempDir(), "nod.db")
	if err := mustOpen(t, path).Close(); err != nil { // from here on every change is in the log
		t.Fatal(err)
	}
	d := mustOpen(t, path)
	acknowledged := map[string]int64{} // pair → how long the log was then
	var mu sync.Mutex
	var writers sync.WaitGroup
	for w := range 4 {
		writers.Go(func() {
			for i := range 10 {
				pair := fmt.Sprintf("%d-%d", w, i)
				err := d.Write(t.Context(), func(tx *db.Tx) error {
					if err := tx.Once("left", pair, time.Now().Add(time.Hour)); err != nil {
						return err
					}
					return tx.Once("right", pair, time.Now().Add(time.Hour))
				})
				log, statErr := os.Stat(path + "-wal")
				if err != nil || statErr != nil {
					t.Error(err, statErr)
					return
				}
				mu.Lock()
				acknowledged[stored(pair)] = log.Size()
				mu.Unlock()
			}
		})
	}
	writers.Wait()
	file, log := mustRead(t, path), mustRead(t, path+"-wal")
	frame := int(frameHeader + pageSize(t, d))
	if (len(log)-walHeader)%frame != 0 || len(log) < walHeader+20*frame {
		t.Fatalf("the log has %d bytes, which are not frames of %d", len(log), frame)
	}
	var before map[string]bool
	for end := 0; end <= len(log); end = frameEnd(end, frame) {
		whole := remains(t, file, log[:end])
		for pair := range before {
			if !whole[pair] {
				t.Errorf("%s was in a shorter log and is not in one of %d bytes", pair, end)
			}
		}
		for pair, size := range acknowledged {
			if int64(end) >= size && !whole[pair] {
				t.Errorf("%s was acknowledged at %d bytes and is not in a log of %d", pair, size, end)
			}
		}
		before = whole
		if end+frame <= len(log) && end > 0 { // a frame that was torn, and one of which other bytes were there
			torn := log[:end+frame/2]
			blank := append(append([]byte{}, torn...), make([]byte, frame-frame/2)...)
			for what, bytes := range map[string][]byte{"torn": torn, "half written": blank} {
				if got := remains(t, file, bytes); len(got) != len(whole) {
					t.Errorf("after %d bytes and a %s frame: %d pairs, want the %d before it", end, what, len(got), len(whole))
				}
			}
		}
	}
	if len(before) != len(acknowledged) || len(before) != 40 {
		t.Errorf("the whole log has %d pairs of %d, want 40", len(before), len(acknowledged))
	}
}

// stored is how the database has a value that was used once.
func stored(value string) string { return fmt.Sprintf("%X", sha256.Sum256([]byte(value))) }

// frameEnd goes from one end of a frame to the next.
func frameEnd(end, frame int) int {
	if end == 0 {
		return walHeader
	}
	return end + frame
}

// remains opens what is left and returns the pairs that are there.
func remains(t *testing.T, file, log []byte) map[string]bool {
	t.Helper()
	path := filepath.Join(t.TempDir(), "left.db")
	for name, content := range map[string][]byte{path: file, path + "-wal": log} {
		if err := os.WriteFile(name, content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	c, err := sql.Open("sqlite", "file:"+path)
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := c.Close(); err != nil {
			t.Error(err)
		}
		_ = os.RemoveAll(filepath.Dir(path))
	}()
	var verdict string
	if err := c.QueryRow("PRAGMA integrity_check").Scan(&verdict); err != nil || verdict != "ok" {
		t.Fatalf("a log of %d bytes leaves a database that is not whole: %s, %v", len(log), verdict, err)
	}
	var pairs string
	var halves int
	if err := c.QueryRow("SELECT coalesce(group_concat(hex(hash)), '') FROM replays WHERE kind = 'left'").Scan(&pairs); err != nil {
		t.Fatal(err)
	}
	const lonely = `SELECT count(*) FROM (SELECT hash FROM replays GROUP BY hash HAVING count(*) <> 2)`
	if err := c.QueryRow(lonely).Scan(&halves); err != nil || halves != 0 {
		t.Errorf("a log of %d bytes leaves %d halves of transactions, %v", len(log), halves, err)
	}
	there := map[string]bool{}
	for _, pair := range strings.Split(pairs, ",") {
		if pair != "" {
			there[pair] = true
		}
	}
	return there
}

func pageSize(t *testing.T, d *db.DB) (bytes int64) {
	t.Helper()
	if err := d.Get(t.Context(), &bytes, "PRAGMA page_size"); err != nil {
		t.Fatal(err)
	}
	return bytes
}

func mustRead(t *testing.T, path string) []byte {
	t.Helper()
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return content
}
