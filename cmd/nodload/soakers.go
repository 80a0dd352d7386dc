package main

import (
	"context"
	"fmt"
	"net/url"
	"sync/atomic"

	"github.com/nod-idp/nod/devices/simulator"
	"github.com/nod-idp/nod/internal/pause"
)

// soaker is a person with a phone.
type soaker struct{ phone *simulator.App }

func (k *soaking) prepare(ctx context.Context, workers int) (err error) {
	k.asking, err = k.addClient(ctx, "asking", "--redirect-uri", callback, "--pkce", "optional", "--second-factor", "push")
	if err != nil {
		return err
	}
	if k.service, err = k.addClient(ctx, "service", "--grant", "client_credentials"); err != nil {
		return err
	}
	n := workers + 2 // one who says no, and one who says nothing
	if err := k.addPeople(ctx, n); err != nil {
		return err
	}
	for i := range n {
		phone, err := k.phone(ctx, i)
		if err != nil {
			return err
		}
		k.people = append(k.people, soaker{phone})
	}
	return nil
}

// wholeLogin signs somebody in with push, and uses what the application was given.
func (k *soaking) wholeLogin(ctx context.Context, i int) error {
	code, err := k.signIn(ctx, k.asking, i, k.people[i].phone)
	if err != nil {
		return err
	}
	given, err := k.redeem(ctx, k.asking, code)
	if err != nil {
		return err
	}
	if n := atomic.AddInt64(&k.done.Logins, 1); k.most > 0 && n >= k.most {
		k.end()
	}
	for range 2 {
		form := url.Values{"grant_type": {"refresh_token"}, "refresh_token": {given.Refresh}}
		if err := k.post(ctx, k.asking, "/oauth/token", form, &given); err != nil {
			return err
		}
		atomic.AddInt64(&k.done.Refreshes, 1)
		var is struct {
			Active bool `json:"active"`
		}
		if err := k.post(ctx, k.service, "/oauth/introspect", url.Values{"token": {given.Access}}, &is); err != nil {
			return err
		}
		if !is.Active {
			return fmt.Errorf("introspect: a new token is not active")
		}
		atomic.AddInt64(&k.done.Introspects, 1)
	}
	return nil
}

// denied lets somebody say no, and sign in after a while, unless the soak is over by then.
func (k *soaking) denied(ctx, until context.Context, i int) error {
	b := k.browser()
	page, err := k.ask(ctx, b, k.asking, i)
	if err != nil {
		return err
	}
	open, err := k.people[i].phone.Requests(ctx)
	if err != nil || len(open) != 1 {
		return fmt.Errorf("the phone has %d requests: %w", len(open), err)
	}
	if err := k.people[i].phone.Deny(ctx, open[0].ID); err != nil {
		return err
	}
	if page, err = b.Get(ctx, page.URL.String()); err != nil {
		return err
	}
	if page.State != "denied" {
		return fmt.Errorf("after a denial the page is %q", page.State)
	}
	atomic.AddInt64(&k.done.Denied, 1)
	return k.reconciled(ctx, until, i)
}

// expired lets a page wait in vain.
func (k *soaking) expired(ctx, until context.Context, i int) error {
	b := k.browser()
	page, err := k.ask(ctx, b, k.asking, i)
	if err != nil {
		return err
	}
	w, err := waiterOf(b, page)
	if err != nil {
		return err
	}
	state := k.gather([]waiter{w}).pages[0].wait(until)
	if until.Err() != nil {
		return nil
	}
	if state != "expired" {
		return fmt.Errorf("a page that waited in vain was told %q", state)
	}
	atomic.AddInt64(&k.done.Expired, 1)
	return k.reconciled(ctx, until, i)
}

// reconciled signs somebody in whose last request came to nothing: whoever approves may be
// asked again at once.
func (k *soaking) reconciled(ctx, until context.Context, i int) error {
	if pause.For(until, mindful) != nil {
		return nil // the soak is over
	}
	return k.wholeLogin(ctx, i)
}
