package guard

import (
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"regexp"
	"slices"
)

// PostForm reads the body of a form, and the body only: what a form may carry, a link may not. Every field appears
// at most once, but for the repeatable ones.
func PostForm(r *http.Request, repeatable ...string) (url.Values, error) {
	if given, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || given != Form {
		return nil, Problem{Status: http.StatusUnsupportedMediaType, Code: "invalid_request",
			Public: "The body must be " + Form + ".", Err: err}
	}
	body, err := Body(r)
	if err != nil {
		return nil, err
	}
	values, err := url.ParseQuery(string(body))
	if err != nil {
		return nil, BadRequest("The form could not be read.", nil)
	}
	return values, Single(values, repeatable...)
}

// Query reads the parameters of the URL, each at most once.
func Query(r *http.Request, repeatable ...string) (url.Values, error) {
	values, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		// The error quotes the query, which may hold what no log should.
		return nil, BadRequest("The address could not be read.", nil)
	}
	return values, Single(values, repeatable...)
}

// Body reads the whole body, at most what the route allows, and 64 KiB where no route did.
func Body(r *http.Request) ([]byte, error) {
	if r.Body == nil {
		return nil, nil
	}
	body, err := io.ReadAll(http.MaxBytesReader(nil, r.Body, bodyCeiling))
	if err != nil {
		return nil, fmt.Errorf("read body: %w", err)
	}
	return body, nil
}

// bodyCeiling bounds Body where a route allowed more than anything of ours needs.
const bodyCeiling = 1 << 20

// plainName is a parameter's name that may be repeated in an error text: OAuth allows neither quotes nor
// backslashes there, and nobody needs a stranger's prose.
var plainName = regexp.MustCompile(`^[A-Za-z0-9_.-]{1,64}$`)

// Single refuses parameters that appear more than once (RFC 6749, section 3.1), but for the repeatable ones, such
// as resource (RFC 8707, section 2). Which of two values counts is a question that two readers answer differently.
func Single(values url.Values, repeatable ...string) error {
	names := []string{}
	for name, all := range values {
		if len(all) > 1 && !slices.Contains(repeatable, name) {
			names = append(names, name)
		}
	}
	if len(names) == 0 {
		return nil
	}
	name := slices.Min(names)
	if !plainName.MatchString(name) {
		return BadRequest("A parameter was sent more than once.", nil)
	}
	return BadRequest(fmt.Sprintf("The parameter %s was sent more than once.", name), nil)
}
