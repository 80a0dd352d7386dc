package db

import (
	"fmt"
	"strings"
)

// Integrity has SQLite read the whole file and look for damage, and for rows that refer to
// others that are not there. PostgreSQL, which checks its pages as it reads them and its
// references as it writes, is not asked.
func (s *Snapshot) Integrity() error {
	if s.engine != SQLite {
		return nil
	}
	var faults []string
	if err := s.Select(&faults, "PRAGMA integrity_check"); err != nil {
		return fmt.Errorf("check the database: %w", err)
	}
	if len(faults) != 1 || faults[0] != "ok" {
		return fmt.Errorf("the database is damaged: %s", strings.Join(faults, "; "))
	}
	return s.Each(func(values []any) error {
		return fmt.Errorf("the database is damaged: a row of %v refers to one of %v that is missing", values[0], values[2])
	}, "PRAGMA foreign_key_check")
}

// Migration is the number of the newest migration that was applied.
func (s *Snapshot) Migration() (number int, err error) {
	err = s.Get(&number, "SELECT max(number) FROM schema_migrations")
	return number, err
}
