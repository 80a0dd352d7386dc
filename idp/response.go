package idp

import (
	"net/url"
	"strings"
)

// Field is one parameter of an authorization response.
type Field struct{ Name, Value string }

// Fields are the parameters of the response in a fixed order: code or error, state,
// and iss (RFC 9207), which errors carry as well.
func (r Response) Fields(issuer string) []Field {
	var fields []Field
	add := func(name, value string) {
		if value != "" {
			fields = append(fields, Field{name, value})
		}
	}
	if r.Err != nil {
		add("error", r.Err.Code)
		add("error_description", r.Err.Description)
	} else {
		add("code", r.Code)
	}
	add("state", r.Request.State)
	add("iss", issuer)
	return fields
}

// URL is the redirect URI with the response in its query or its fragment, as the
// request's response mode asks. A query that the redirect URI has already is kept
// as it is (RFC 6749, section 3.1.2).
func (r Response) URL(issuer string) string {
	values := make([]string, 0, 4)
	for _, f := range r.Fields(issuer) {
		values = append(values, url.QueryEscape(f.Name)+"="+url.QueryEscape(f.Value))
	}
	separator := "?"
	switch {
	case r.Request.ResponseMode == "fragment":
		separator = "#"
	case strings.HasSuffix(r.Request.RedirectURI, "?"):
		separator = ""
	case strings.Contains(r.Request.RedirectURI, "?"):
		separator = "&"
	}
	return r.Request.RedirectURI + separator + strings.Join(values, "&")
}
