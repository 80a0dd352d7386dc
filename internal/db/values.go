package db

import (
	"database/sql/driver"
	"encoding/json"
	"fmt"
	"time"
)

// Time is a moment as the database stores it: milliseconds UTC, NULL for the zero
// time.
type Time struct{ time.Time }

// At makes a Time of t, cut to whole milliseconds.
func At(t time.Time) Time {
	if t.IsZero() {
		return Time{}
	}
	return Time{time.UnixMilli(t.UnixMilli()).UTC()}
}

// Value stores the milliseconds.
func (t Time) Value() (driver.Value, error) {
	if t.IsZero() {
		return nil, nil
	}
	return t.UnixMilli(), nil
}

// Scan reads milliseconds or NULL.
func (t *Time) Scan(src any) error {
	switch v := src.(type) {
	case nil:
		*t = Time{}
	case int64:
		*t = Time{time.UnixMilli(v).UTC()}
	default:
		return fmt.Errorf("read a time from %T", src)
	}
	return nil
}

// JSON is a value kept as JSON text in one column.
type JSON[T any] struct{ V T }

// Value stores the JSON text. A nil slice is stored as an empty list.
func (j JSON[T]) Value() (driver.Value, error) {
	text, err := json.Marshal(j.V)
	if string(text) == "null" {
		text = []byte("[]")
	}
	return string(text), err
}

// Scan reads the JSON text.
func (j *JSON[T]) Scan(src any) error {
	switch v := src.(type) {
	case string:
		return json.Unmarshal([]byte(v), &j.V)
	case []byte:
		return json.Unmarshal(v, &j.V)
	}
	return fmt.Errorf("read JSON from %T", src)
}

// Strings is a list of strings in one column.
type Strings = JSON[[]string]

// List makes a Strings of its arguments.
func List(v ...string) Strings { return Strings{V: v} }
