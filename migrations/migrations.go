// Package migrations holds the schema of nod's database: one folder for each
// engine, with the same numbers, the same names and the same columns. It owns
// the files and nothing else; internal/db applies them.
//
// A migration is never edited once released. Old code has to survive the next
// schema for one release, so a column is added first and dropped a release later.
package migrations

import "embed"

// Files holds sqlite/NNNN_name.sql and postgres/NNNN_name.sql.
//
//go:embed sqlite/*.sql postgres/*.sql
var Files embed.FS
