// Package formbrowser is a browser without a screen and without script: cookies,
// links, forms, redirects and refreshes. Tests and load programs walk nod's pages
// with it, which also proves that the pages work without script. It owns no
// knowledge of nod but the attribute data-state.
package formbrowser

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"

	"golang.org/x/net/html"
)

// Browser keeps cookies between requests. It belongs to one goroutine.
type Browser struct {
	Client *http.Client
	// Leaves tells which addresses are not fetched: a redirect or refresh to one of
	// them ends the walk there, as at the redirect URI of a client.
	Leaves func(*url.URL) bool
	// UserAgent is sent with every request.
	UserAgent string
}

// Page is what a request led to.
type Page struct {
	URL    *url.URL // where the walk ended
	Status int      // 0 when it ended at an address that is not fetched
	Header http.Header
	Body   string
	State  string // data-state of main

	root *html.Node
}

// New makes a browser with an empty cookie jar. transport nil means the default one.
func New(transport http.RoundTripper) *Browser {
	jar, err := cookiejar.New(nil)
	if err != nil {
		panic(err) // only for options that are not given
	}
	return &Browser{Client: &http.Client{
		Jar: jar, Transport: transport,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

// Get fetches an address and follows redirects.
func (b *Browser) Get(ctx context.Context, address string) (*Page, error) {
	u, err := url.Parse(address)
	if err != nil {
		return nil, err
	}
	return b.walk(ctx, http.MethodGet, u, nil, "")
}

// Press submits the form that holds the button with this id, with values put into
// its fields, and follows redirects.
func (b *Browser) Press(ctx context.Context, p *Page, id string, values map[string]string) (*Page, error) {
	button := find(p.root, func(n *html.Node) bool { return n.Data == "button" && attr(n, "id") == id })
	if button == nil {
		return nil, fmt.Errorf("press %s: the page %s (%s) has no such button", id, p.URL, p.State)
	}
	form := button.Parent
	for form != nil && form.Data != "form" {
		form = form.Parent
	}
	if form == nil {
		return nil, fmt.Errorf("press %s: the button stands in no form", id)
	}
	fields := url.Values{}
	each(form, func(n *html.Node) {
		if n.Data == "input" && attr(n, "name") != "" {
			fields.Set(attr(n, "name"), attr(n, "value"))
		}
	})
	for name, value := range values {
		if !fields.Has(name) {
			return nil, fmt.Errorf("press %s: its form has no field %s", id, name)
		}
		fields.Set(name, value)
	}
	if name := attr(button, "name"); name != "" {
		fields.Set(name, attr(button, "value"))
	}
	action, err := p.URL.Parse(attr(form, "action"))
	if err != nil {
		return nil, err
	}
	if b.Leaves != nil && b.Leaves(action) {
		return &Page{URL: action, Body: fields.Encode()}, nil
	}
	return b.walk(ctx, http.MethodPost, action, fields, p.URL.Scheme+"://"+p.URL.Host)
}

// Follow goes where the page's refresh leads by itself.
func (b *Browser) Follow(ctx context.Context, p *Page) (*Page, error) {
	meta := find(p.root, func(n *html.Node) bool { return n.Data == "meta" && attr(n, "http-equiv") == "refresh" })
	if meta == nil {
		return nil, fmt.Errorf("follow: the page %s (%s) does not refresh", p.URL, p.State)
	}
	_, target, ok := strings.Cut(attr(meta, "content"), "url=")
	if !ok {
		return b.Get(ctx, p.URL.String())
	}
	to, err := p.URL.Parse(target)
	if err != nil {
		return nil, err
	}
	return b.walk(ctx, http.MethodGet, to, nil, "")
}

const (
	longestWalk = 10
	longestRest = 64 << 10 // bytes of a redirect that are read
)

func (b *Browser) walk(ctx context.Context, method string, to *url.URL, fields url.Values, origin string) (*Page, error) {
	for range longestWalk {
		if b.Leaves != nil && b.Leaves(to) {
			return &Page{URL: to}, nil
		}
		res, err := b.send(ctx, method, to, fields, origin)
		if err != nil {
			return nil, err
		}
		if res.StatusCode != http.StatusSeeOther && res.StatusCode != http.StatusFound {
			return read(res, to)
		}
		_, _ = io.Copy(io.Discard, io.LimitReader(res.Body, longestRest)) // so that the connection is kept
		_ = res.Body.Close()
		if to, err = to.Parse(res.Header.Get("Location")); err != nil {
			return nil, err
		}
		method, fields = http.MethodGet, nil
	}
	return nil, errors.New("too many redirects")
}

func (b *Browser) send(ctx context.Context, method string, to *url.URL, fields url.Values, origin string) (*http.Response, error) {
	var body io.Reader
	if fields != nil {
		body = strings.NewReader(fields.Encode())
	}
	req, err := http.NewRequestWithContext(ctx, method, to.String(), body)
	if err != nil {
		return nil, err
	}
	if fields != nil {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		req.Header.Set("Origin", origin)
	}
	req.Header.Set("Accept", "text/html,application/xhtml+xml,*/*;q=0.8") // some servers tell programs by it
	if b.UserAgent != "" {
		req.Header.Set("User-Agent", b.UserAgent)
	}
	return b.Client.Do(req)
}

func read(res *http.Response, at *url.URL) (*Page, error) {
	defer res.Body.Close()
	body, err := io.ReadAll(io.LimitReader(res.Body, 1<<20))
	if err != nil {
		return nil, err
	}
	p := &Page{URL: at, Status: res.StatusCode, Header: res.Header, Body: string(body)}
	if p.root, err = html.Parse(strings.NewReader(p.Body)); err != nil {
		return nil, err
	}
	if main := find(p.root, func(n *html.Node) bool { return n.Data == "main" }); main != nil {
		p.State = attr(main, "data-state")
	}
	return p, nil
}

// FromSite sends a form as another site does: the browser holds its cookies back, since
// they are SameSite=Lax, and brings them when it follows a redirect.
func (b *Browser) FromSite(ctx context.Context, origin, address string, fields url.Values) (*Page, error) {
	to, err := url.Parse(address)
	if err != nil {
		return nil, err
	}
	bare := *b
	client := *b.Client
	client.Jar = nil
	bare.Client = &client
	res, err := bare.send(ctx, http.MethodPost, to, fields, origin)
	if err != nil {
		return nil, err
	}
	b.Client.Jar.SetCookies(to, res.Cookies())
	if res.StatusCode != http.StatusSeeOther {
		return read(res, to)
	}
	_ = res.Body.Close()
	if to, err = to.Parse(res.Header.Get("Location")); err != nil {
		return nil, err
	}
	return b.walk(ctx, http.MethodGet, to, nil, "")
}
