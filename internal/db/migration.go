package db

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io/fs"
	"regexp"
	"sort"
	"strconv"
	"strings"

	"github.com/nod-idp/nod/migrations"
)

// migration is one file of the schema. Its steps are separated by lines "-- step", and
// each is a transaction of its own: a migration that was cut short goes on after the last
// step that was committed.
type migration struct {
	number   int
	name     string
	steps    []string
	checksum string
}

func (m migration) String() string { return fmt.Sprintf("%04d_%s", m.number, m.name) }

// counter is the row of versions that tells how many steps are done, while some are left.
func (m migration) counter() string { return fmt.Sprintf("migration %04d", m.number) }

// text is the whole file: its steps in one go.
func (m migration) text() string { return strings.Join(m.steps, "\n") }

// readMigrations returns the schema that is built in.
func readMigrations(engine Engine) ([]migration, error) {
	return migrationsIn(migrations.Files, engine)
}

var stepLine = regexp.MustCompile(`(?m)^-- step\b.*$`)

func migrationsIn(files fs.FS, engine Engine) ([]migration, error) {
	paths, err := fs.Glob(files, string(engine)+"/*.sql")
	if err != nil {
		return nil, err
	}
	sort.Strings(paths)
	var all []migration
	for _, path := range paths {
		text, err := fs.ReadFile(files, path)
		if err != nil {
			return nil, err
		}
		digits, name, ok := strings.Cut(strings.TrimSuffix(strings.TrimPrefix(path, string(engine)+"/"), ".sql"), "_")
		number, err := strconv.Atoi(digits)
		if !ok || err != nil || number != len(all)+1 {
			return nil, fmt.Errorf("%s is not called NNNN_name.sql in sequence", path)
		}
		sum := sha256.Sum256(text)
		all = append(all, migration{number, name, stepLine.Split(string(text), -1), hex.EncodeToString(sum[:])})
	}
	return all, nil
}
