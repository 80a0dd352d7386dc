package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"

	"github.com/nod-idp/nod/devices/simulator"
	"github.com/nod-idp/nod/internal/formbrowser"
)

const (
	passphrase = "a long and quiet passphrase"
	callback   = "http://127.0.0.1:9/callback"
)

// app is a registered application.
type app struct{ id, secret string }

// addClient registers an application.
func (t *target) addClient(ctx context.Context, id string, flags ...string) (app, error) {
	var made struct {
		Secret string `json:"client_secret"`
	}
	err := t.verb(ctx, "", &made, append([]string{"client", "add", id, "--first-party"}, flags...)...)
	return app{id, made.Secret}, err
}

// addApps registers a service that asks for tokens of its own and an application that people sign in to by password.
func (t *target) addApps(ctx context.Context) (service, plain app, err error) {
	if service, err = t.addClient(ctx, "service", "--grant", "client_credentials"); err != nil {
		return service, plain, err
	}
	plain, err = t.addClient(ctx, "plain", "--redirect-uri", callback, "--pkce", "optional", "--second-factor", "off")
	return service, plain, err
}

func person(i int) string { return fmt.Sprintf("person%03d", i) }

// addPeople adds one person for each worker.
func (t *target) addPeople(ctx context.Context, n int) error {
	for i := range n {
		if err := t.verb(ctx, passphrase+"\n", nil, "user", "add", person(i), "--password-stdin"); err != nil {
			return err
		}
	}
	return nil
}

// phone enrols a device in software for a person.
func (t *target) phone(ctx context.Context, i int) (*simulator.App, error) {
	var link struct {
		URL string `json:"url"`
	}
	err := t.verb(ctx, "", &link, "user", "enroll-link", person(i), "--verification", "plain", "--no-confirm")
	if err != nil {
		return nil, err
	}
	phone, err := simulator.Enroll(ctx, link.URL, simulator.Options{
		Name: "Phone", HTTPClient: &http.Client{Transport: t.client.Transport}, // whose streams may last
	})
	return &simulator.App{Phone: phone}, err
}

// browser is one without cookies yet, that stops where the application begins.
func (t *target) browser() *formbrowser.Browser {
	b := formbrowser.New(t.client.Transport)
	b.Leaves = func(u *url.URL) bool { return strings.HasPrefix(u.String(), callback) }
	return b
}

// authorize is the address that an application sends the browser to.
func (t *target) authorize(a app) string {
	return t.url + "/authorize?" + url.Values{
		"client_id": {a.id}, "redirect_uri": {callback}, "response_type": {"code"}, "scope": {"openid offline_access"}, "state": {"s"},
	}.Encode()
}

// ask walks from the application to the page that waits for the phone.
func (t *target) ask(ctx context.Context, b *formbrowser.Browser, a app, i int) (*formbrowser.Page, error) {
	page, err := b.Get(ctx, t.authorize(a))
	if err != nil {
		return nil, err
	}
	page, err = b.Press(ctx, page, "login-submit", map[string]string{"username": person(i), "password": passphrase})
	if err != nil {
		return nil, err
	}
	return b.Press(ctx, page, "use-mobile", nil)
}

// signIn walks from the application to its code.
func (t *target) signIn(ctx context.Context, a app, i int, phone *simulator.App) (code string, err error) {
	return t.signInWith(ctx, t.browser(), a, i, phone)
}

// signInWith does so with a browser that may have been here before.
func (t *target) signInWith(ctx context.Context, b *formbrowser.Browser, a app, i int, phone *simulator.App) (code string, err error) {
	page, err := b.Get(ctx, t.authorize(a))
	if err != nil {
		return "", err
	}
	page, err = b.Press(ctx, page, "login-submit", map[string]string{"username": person(i), "password": passphrase})
	if err != nil {
		return "", err
	}
	if phone != nil {
		if page, err = t.approve(ctx, b, page, phone); err != nil {
			return "", err
		}
	}
	if page.State != "done" {
		return "", fmt.Errorf("sign in: the page is %q (status %d)", page.State, page.Status)
	}
	if page, err = b.Follow(ctx, page); err != nil {
		return "", err
	}
	return page.URL.Query().Get("code"), nil
}

// approve asks the phone, which hears of it on its stream, and submits what it sent.
func (t *target) approve(ctx context.Context, b *formbrowser.Browser, page *formbrowser.Page, phone *simulator.App) (*formbrowser.Page, error) {
	heard := make(chan error, 1)
	go func() {
		open, err := phone.Wait(ctx)
		if err == nil {
			_, err = phone.ApproveRequest(ctx, open[0], "", "")
		}
		heard <- err
	}()
	page, err := b.Press(ctx, page, "use-mobile", nil)
	if err == nil {
		err = <-heard
	}
	if err != nil {
		return nil, err
	}
	if page, err = b.Get(ctx, page.URL.String()); err != nil {
		return nil, err
	}
	return b.Press(ctx, page, "passcode-submit", nil)
}

// tokens is what the token endpoint answers.
type tokens struct {
	Access  string `json:"access_token"`
	Refresh string `json:"refresh_token"`
	ID      string `json:"id_token"`
}

func (t *target) redeem(ctx context.Context, a app, code string) (got tokens, err error) {
	err = t.post(ctx, a, "/oauth/token", url.Values{"grant_type": {"authorization_code"}, "code": {code}, "redirect_uri": {callback}}, &got)
	return got, err
}

// post sends a form as an application and reads the answer into what is given.
func (t *target) post(ctx context.Context, a app, path string, form url.Values, into any) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, t.url+path, strings.NewReader(form.Encode()))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.SetBasicAuth(a.id, a.secret)
	return t.do(req, into)
}

func (t *target) get(ctx context.Context, path, bearer string) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, t.url+path, nil)
	if err != nil {
		return err
	}
	if bearer != "" {
		req.Header.Set("Authorization", "Bearer "+bearer)
	}
	return t.do(req, nil)
}

func (t *target) do(req *http.Request, into any) error {
	res, err := t.client.Do(req)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		return err
	}
	if res.StatusCode != http.StatusOK {
		return fmt.Errorf("%s %s: %d %.200s", req.Method, req.URL.Path, res.StatusCode, body)
	}
	if into == nil {
		return nil
	}
	return json.Unmarshal(body, into)
}
