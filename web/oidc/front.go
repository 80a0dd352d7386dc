package oidc

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/nod-idp/nod/idp"
	"github.com/nod-idp/nod/idp/client"
	"github.com/nod-idp/nod/idp/token"
	"github.com/nod-idp/nod/internal/audit"
	"github.com/nod-idp/nod/web/guard"
)

// maxForm is the most that a request to the token endpoint and its kin may weigh.
const maxForm = 32 << 10

// exchange is what a front and the toolkit's server know of one request. It travels
// in the context, since the toolkit calls the server by interfaces of its own.
type exchange struct {
	client client.Client
	asked  token.Asked
	// holds judges whether an access token came from who it is bound to.
	holds func(token.Access, client.Client) error
	err   error // why the server refused
}

type exchangeKey struct{}

func exchangeOf(ctx context.Context) *exchange {
	ex, _ := ctx.Value(exchangeKey{}).(*exchange)
	if ex == nil {
		return &exchange{}
	}
	return ex
}

// asClient is the front of every endpoint that a client authenticates itself at. allow
// has the last word before the toolkit takes over.
func (s *Surface) asClient(w http.ResponseWriter, r *http.Request, allow func(client.Client, url.Values) error) error {
	c, _, err := s.asking(r, allow)
	if err != nil {
		return problemOf(err)
	}
	return s.run(w, r, &exchange{client: c})
}

// asking returns the client that sent a request, and what it sent, if allow has nothing
// against it.
func (s *Surface) asking(r *http.Request, allow func(client.Client, url.Values) error) (client.Client, url.Values, error) {
	form, err := formOf(r)
	if err != nil {
		return client.Client{}, nil, err
	}
	c, err := s.authenticate(r.Context(), r, form)
	if err == nil {
		err = allow(c, form)
	}
	return c, form, err
}

// formOf reads the body, and leaves it where the toolkit looks for it. A parameter in
// the address is refused: addresses end up in logs (RFC 6749, section 2.3.1).
func formOf(r *http.Request) (url.Values, error) {
	if r.URL.RawQuery != "" {
		return nil, fail(idp.InvalidRequest, "parameters belong in the body", nil)
	}
	form, err := guard.PostForm(r, resourceParameter)
	if err != nil {
		return nil, err
	}
	for name, values := range form {
		if !plain(name) || slices.ContainsFunc(values, func(v string) bool { return !textual(name, v) }) {
			return nil, fail(idp.InvalidRequest, "a parameter holds characters that are not text", nil)
		}
	}
	r.PostForm, r.Form = form, form
	return form, nil
}

// plain reports whether a value is text without control characters. A database would
// choke on some of the others, and no protocol uses any.
func plain(value string) bool {
	return utf8.ValidString(value) && !strings.ContainsFunc(value, unicode.IsControl)
}

// inLines makes one line of JSON that was written in several.
var inLines = strings.NewReplacer("\n", " ", "\r", " ", "\t", " ")

// textual reports whether a parameter's value is plain, wherever it is sent to. Claims are
// JSON and may be written in lines (OpenID Connect Core 1.0, section 5.5).
func textual(name, value string) bool {
	if name == "claims" {
		value = inLines.Replace(value)
	}
	return plain(value)
}

// run has the toolkit handle the request and sends its answer, or turns its refusal
// into one of ours.
func (s *Surface) run(w http.ResponseWriter, r *http.Request, ex *exchange) error {
	ctx := context.WithValue(r.Context(), exchangeKey{}, ex)
	if ex.client.ID != "" {
		ctx = audit.As(ctx, "client:"+ex.client.ID)
	}
	var answer captured
	s.toolkit.ServeHTTP(&answer, r.WithContext(ctx))
	keepOrigin(w, r, ex.client)
	if ex.err != nil {
		return problemOf(ex.err)
	}
	if answer.status >= http.StatusBadRequest {
		return problemOf(answer.refusal())
	}
	h := w.Header()
	h.Set("Content-Type", "application/json")
	h.Set("Pragma", "no-cache") // RFC 6749, section 5.1, asks for it beside no-store
	_, err := w.Write(answer.body.Bytes())
	return err
}

// captured takes an answer of the toolkit. Its headers are thrown away: ours are set.
type captured struct {
	header http.Header
	status int
	body   bytes.Buffer
}

func (c *captured) Header() http.Header {
	if c.header == nil {
		c.header = http.Header{}
	}
	return c.header
}

func (c *captured) WriteHeader(status int) {
	if c.status == 0 {
		c.status = status
	}
}

func (c *captured) Write(b []byte) (int, error) {
	c.WriteHeader(http.StatusOK)
	return c.body.Write(b)
}

// refusal is the error that the toolkit itself answered with: a parameter that is
// missing, or a form that does not decode.
func (c *captured) refusal() error {
	var told struct {
		Error       string `json:"error"`
		Description string `json:"error_description"`
	}
	if err := json.Unmarshal(c.body.Bytes(), &told); err != nil || told.Error == "" || c.status >= http.StatusInternalServerError {
		return errToolkit
	}
	return fail(told.Error, told.Description, nil)
}
