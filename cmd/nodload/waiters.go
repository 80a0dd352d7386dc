package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/nod-idp/nod/internal/db"
	"github.com/nod-idp/nod/internal/db/rows"
	"github.com/nod-idp/nod/internal/formbrowser"
	"github.com/nod-idp/nod/internal/random"
)

// waiter is a browser whose login waits for a phone.
type waiter struct{ login, cookie string }

// loginCookie binds a login to its browser.
const loginCookie = "nod-login"

// waiters puts logins that wait for their phones into the database, each of another person
// in another browser. One of them walked there through every page; the others are copies of
// its rows under names, ids and secrets of their own, since ten thousand password hashes
// would measure something else. The copies have no phone that could answer.
func (t *target) waiters(ctx context.Context, n int, window time.Duration) ([]waiter, error) {
	model, err := t.model(ctx)
	if err != nil {
		return nil, err
	}
	d, err := db.Open(ctx, t.databaseURL())
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, d.Close()) }()
	copies := &copies{model: model, now: time.Now(), window: window, n: n}
	if err := d.Snapshot(ctx, copies.read); err != nil {
		return nil, err
	}
	for _, part := range copies.parts {
		for batch := range slices.Chunk(part.rows, part.table.Batch()*8) {
			if err := d.Write(ctx, func(tx *db.Tx) error { return part.table.WriteTx(tx, batch) }); err != nil {
				return nil, fmt.Errorf("put in logins that wait: %w", err)
			}
		}
	}
	return copies.made, err
}

func (t *target) databaseURL() string {
	if t.database != "" {
		return t.database
	}
	return filepath.Join(t.dir, "data", "nod.db")
}

// model walks one person to the page that waits.
func (t *target) model(ctx context.Context) (w waiter, err error) {
	a, err := t.addClient(ctx, "model", "--redirect-uri", callback, "--pkce", "optional", "--second-factor", "push")
	if err != nil {
		return w, err
	}
	if err := t.addPeople(ctx, 1); err != nil {
		return w, err
	}
	if _, err := t.phone(ctx, 0); err != nil {
		return w, err
	}
	b := t.browser()
	page, err := t.ask(ctx, b, a, 0)
	if err != nil {
		return w, err
	}
	return waiterOf(b, page)
}

// waiterOf is what a browser on a waiting page is known by.
func waiterOf(b *formbrowser.Browser, page *formbrowser.Page) (w waiter, err error) {
	if page.State != "pending" {
		return w, fmt.Errorf("the page is %q (status %d), want one that waits", page.State, page.Status)
	}
	for _, c := range b.Client.Jar.Cookies(page.URL) {
		if c.Name == loginCookie {
			id, _, _ := strings.Cut(filepath.Base(page.URL.Path), ".") // a login may be carried in its address
			return waiter{login: id, cookie: c.Value}, nil
		}
	}
	return w, errors.New("the browser has no cookie of its login")
}

// copies are the rows of logins that wait, made from those of one.
type copies struct {
	model  waiter
	now    time.Time
	window time.Duration
	n      int

	parts []part
	made  []waiter
}

// part is what goes into one table.
type part struct {
	table rows.Table
	rows  [][]any
}

// read makes the copies from the rows of the model.
func (c *copies) read(s *db.Snapshot) error {
	tables, err := rows.Tables(s)
	if err != nil {
		return err
	}
	one := func(table, column, is string) (p part, row record, err error) {
		i := slices.IndexFunc(tables, func(t rows.Table) bool { return t.Name == table })
		if i < 0 {
			return p, row, fmt.Errorf("there is no table %s", table)
		}
		p.table = tables[i]
		err = p.table.Read(s, func(values []any) error {
			if r := (record{p.table, values}); r.text(column) == is {
				row = r
			}
			return nil
		})
		if err == nil && row.values == nil {
			err = fmt.Errorf("there is no row in %s", table)
		}
		return p, row, err
	}
	logins, login, err1 := one("logins", "id", c.model.login)
	challenges, challenge, err2 := one("challenges", "login_id", c.model.login)
	if err := errors.Join(err1, err2); err != nil {
		return err
	}
	users, user, err1 := one("users", "id", login.text("user_id"))
	deliveries, delivery, err2 := one("deliveries", "challenge_id", challenge.text("id"))
	if err := errors.Join(err1, err2); err != nil {
		return err
	}
	prefix := c.model.cookie[:len(c.model.cookie)-49] // the underscore and 48 characters
	for i := range c.n {
		w := waiter{login: random.ID("log"), cookie: random.Token(prefix)}
		userID, challengeID := random.ID("usr"), random.ID("chl")
		hash := random.Hash(w.cookie)
		began, ends := c.now.UnixMilli(), c.now.Add(c.window).UnixMilli()
		c.made = append(c.made, w)
		users.rows = append(users.rows, user.with(map[string]any{
			"id": userID, "name": fmt.Sprintf("waits%06d", i), "name_key": fmt.Sprintf("waits%06d", i), "email_key": nil, "password_hash": nil,
		}))
		logins.rows = append(logins.rows, login.with(map[string]any{
			"id": w.login, "user_id": userID, "browser_hash": hash, "challenge_id": challengeID, "created_at": began,
		}))
		challenges.rows = append(challenges.rows, challenge.with(map[string]any{
			"id": challengeID, "user_id": userID, "login_id": w.login, "browser": fmt.Sprintf("%x", hash),
			"created_at": began, "expires_at": ends,
		}))
		deliveries.rows = append(deliveries.rows, delivery.with(map[string]any{
			"challenge_id": challengeID, "wake_id": random.ID("wak"), "queued_at": began, "changed_at": began,
		}))
	}
	c.parts = []part{users, logins, challenges, deliveries}
	return nil
}

// record is one row with the names of its columns.
type record struct {
	table  rows.Table
	values []any
}

func (r record) at(column string) int {
	return slices.IndexFunc(r.table.Columns, func(c rows.Column) bool { return c.Name == column })
}

func (r record) text(column string) string {
	text, _ := r.values[r.at(column)].(string)
	return text
}

// with is a copy in which some values are others.
func (r record) with(others map[string]any) []any {
	values := slices.Clone(r.values)
	for column, v := range others {
		values[r.at(column)] = v
	}
	return values
}
