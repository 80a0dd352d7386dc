package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
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
func (t *target) waiters(ctx context.Context, n int, window time.Duration) (made []waiter, err error) {
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
	return copies.made, put(ctx, d, copies.parts...)
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

// read makes the copies from the rows of the model.
func (c *copies) read(s *db.Snapshot) error {
	tables, err := rows.Tables(s)
	if err != nil {
		return err
	}
	one := func(table, column, is string) (part, record, error) { return find(s, tables, table, column, is) }
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
		users.rows = append(users.rows, user.with(another(userID, fmt.Sprintf("waits%06d", i))))
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
