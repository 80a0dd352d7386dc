package main

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/nod-idp/nod/devices/simulator"
)

// operation is one kind of request with its figures.
type operation struct {
	Name string `json:"name"`
	outcome
}

type operationsReport struct {
	Workers    int         `json:"workers"`
	Alg        string      `json:"id_token_alg"`
	Database   string      `json:"database"`
	Operations []operation `json:"operations"`
	// Signature is the processor time of one RSA 2048 signature in this run.
	Signature time.Duration `json:"rsa2048_signature_ns"`
	// Differences are what follows from the logins, without their hash.
	Differences []difference `json:"differences,omitempty"`
}

// String is the table for people.
func (r operationsReport) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%d workers, ID tokens by %s, %s; one RSA 2048 signature %s ms\n\n", r.Workers, r.Alg, r.Database, ms(r.Signature))
	fmt.Fprintf(&b, "%-44s %9s %9s %9s %9s %8s %8s\n", "operation", "CPU ms", "per s", "p50 ms", "p99 ms", "errors", "MiB")
	for _, o := range r.Operations {
		fmt.Fprintf(&b, "%-44s %9s %9.0f %9s %9s %8d %8.0f\n", o.Name, ms(o.Processor), o.PerSecond, ms(o.Median), ms(o.P99), o.Failures, o.MemoryMiB)
		if o.Failure != "" {
			fmt.Fprintf(&b, "    %s\n", o.Failure)
		}
	}
	for _, d := range r.Differences {
		b.WriteString(d.String())
	}
	return b.String()
}

// operations measures each kind of request by itself.
func operations(ctx context.Context, s settings) (_ report, err error) {
	t, err := start(ctx, s, "--argon2-memory", fmt.Sprintf("%dMiB", hashMemory>>10), "--argon2-time", fmt.Sprint(hashTime))
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, t.stop()) }()
	progress("setting up %d people", s.workers)
	o := &operated{target: t, settings: s}
	if err := o.prepare(ctx); err != nil {
		return nil, err
	}
	r := operationsReport{Workers: s.workers, Alg: s.alg, Database: "SQLite"}
	if s.database != "" {
		r.Database = "PostgreSQL"
	}
	progress("measuring a signature by itself")
	if r.Signature, err = signed(s.each); err != nil {
		return nil, err
	}
	for _, one := range o.all() {
		if !strings.Contains(one.name, s.only) {
			continue
		}
		progress("measuring %s", one.name)
		got, err := t.closed(ctx, s.workers, s.each, one.worker)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", one.name, err)
		}
		r.Operations = append(r.Operations, operation{one.name, got})
	}
	if !slices.ContainsFunc(r.Operations, func(o operation) bool { return o.Name == loginName }) {
		return r, nil
	}
	progress("measuring the hash by itself")
	hash, err := hashed(ctx, s.each)
	r.Differences = r.differences(hash)
	return r, err
}

// operated is a target with everything that the operations need.
type operated struct {
	*target
	settings
	service, plain, asking app
	given                  []tokens // for each worker
	phones                 []*simulator.App
}

func (o *operated) prepare(ctx context.Context) (err error) {
	web := []string{"--redirect-uri", callback, "--pkce", "optional", "--first-party", "--id-token-alg", o.alg, "--second-factor"}
	if o.service, err = o.addClient(ctx, "service", "--grant", "client_credentials"); err != nil {
		return err
	}
	if o.plain, err = o.addClient(ctx, "plain", append(web, "off")...); err != nil {
		return err
	}
	if o.asking, err = o.addClient(ctx, "asking", append(web, "push")...); err != nil {
		return err
	}
	if err := o.addPeople(ctx, o.workers); err != nil {
		return err
	}
	for i := range o.workers {
		code, err := o.signIn(ctx, o.plain, i, nil)
		if err != nil {
			return err
		}
		given, err := o.redeem(ctx, o.plain, code)
		if err != nil {
			return err
		}
		if given.Refresh == "" || given.ID == "" {
			return errors.New("the code gave no refresh token or no ID token")
		}
		phone, err := o.phone(ctx, i)
		if err != nil {
			return err
		}
		o.given, o.phones = append(o.given, given), append(o.phones, phone)
	}
	return nil
}

type measured struct {
	name   string
	worker func(i int) func(context.Context) error
}

func (o *operated) all() []measured {
	same := func(do func(context.Context) error) func(int) func(context.Context) error {
		return func(int) func(context.Context) error { return do }
	}
	return []measured{
		{"discovery", same(func(ctx context.Context) error { return o.get(ctx, "/.well-known/openid-configuration", "") })},
		{"JWKS", same(func(ctx context.Context) error { return o.get(ctx, "/.well-known/jwks.json", "") })},
		{"client credentials, opaque", same(func(ctx context.Context) error {
			return o.post(ctx, o.service, "/oauth/token", url.Values{"grant_type": {"client_credentials"}}, nil)
		})},
		{"userinfo", func(i int) func(context.Context) error {
			return func(ctx context.Context) error { return o.get(ctx, "/oauth/userinfo", o.given[i].Access) }
		}},
		{"introspection", func(i int) func(context.Context) error {
			return func(ctx context.Context) error {
				return o.post(ctx, o.service, "/oauth/introspect", url.Values{"token": {o.given[i].Access}}, nil)
			}
		}},
		{"authorize up to the login page", same(func(ctx context.Context) error {
			page, err := o.browser().Get(ctx, o.authorize(o.plain))
			if err == nil && page.State != "login" {
				err = fmt.Errorf("the page is %q", page.State)
			}
			return err
		})},
		{"refresh with ID token, rotation", o.refresh},
		{"code flow of somebody who is signed in", o.again},
		{loginName, func(i int) func(context.Context) error {
			return func(ctx context.Context) error { return o.whole(ctx, o.plain, i, nil) }
		}},
		{pushName, func(i int) func(context.Context) error {
			return func(ctx context.Context) error { return o.whole(ctx, o.asking, i, o.phones[i]) }
		}},
	}
}

func (o *operated) refresh(i int) func(context.Context) error {
	return func(ctx context.Context) error {
		var got tokens
		err := o.post(ctx, o.plain, "/oauth/token", url.Values{"grant_type": {"refresh_token"}, "refresh_token": {o.given[i].Refresh}}, &got)
		if err == nil {
			o.given[i] = got
		}
		return err
	}
}

// whole is a login from the application and back, with its tokens.
func (o *operated) whole(ctx context.Context, a app, i int, phone *simulator.App) error {
	code, err := o.signIn(ctx, a, i, phone)
	if err != nil {
		return err
	}
	_, err = o.redeem(ctx, a, code)
	return err
}
