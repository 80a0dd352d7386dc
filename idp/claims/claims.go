// Package claims reads the parameter claims of an authorization request (OpenID Connect
// Core 1.0, section 5.5): which single claims a client wants, where, and with which
// values. What a person's claims are is kept by idp/user, what is granted by idp/token,
// and whether the person agrees by idp/consent.
//
// Words: a wish is what the request says about one claim; what is asked is the names of
// the claims about the person, as they are stored with what was granted.
package claims

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/nod-idp/nod/idp/user"
)

// Request is the parameter as it was sent.
type Request struct {
	UserInfo map[string]Wish
	IDToken  map[string]Wish
}

// Wish is what a request says about one claim. null in the request is the zero Wish: it
// is wanted, and that is all.
type Wish struct {
	Essential bool
	// Values are the ones that would do, in the order of preference; none means any.
	Values []any
}

// Asked is what is kept of a request: names of claims about the person, sorted.
type Asked struct {
	UserInfo []string `json:"userinfo,omitempty"`
	IDToken  []string `json:"id_token,omitempty"`
	// ACR are the authentication context classes one of which the claim acr must name
	// (section 5.5.1.1).
	ACR []string `json:"acr,omitempty"`
}

// Bounds of a request, so that nobody has thousands of names stored.
const (
	maxNames  = 50
	maxValues = 20
)

// Parse reads the parameter. Members that the standard does not name are ignored, as it
// demands; claims that nobody here knows are not.
func Parse(text string) (Request, error) {
	var top struct {
		UserInfo map[string]json.RawMessage `json:"userinfo"`
		IDToken  map[string]json.RawMessage `json:"id_token"`
	}
	if strings.TrimSpace(text) == "null" {
		return Request{}, errors.New("claims is not an object")
	}
	if err := decode(text, &top); err != nil {
		return Request{}, fmt.Errorf("claims is not an object of objects: %w", err)
	}
	if len(top.UserInfo) > maxNames || len(top.IDToken) > maxNames {
		return Request{}, fmt.Errorf("more than %d claims", maxNames)
	}
	var r Request
	var err error
	if r.UserInfo, err = wishes(top.UserInfo); err != nil {
		return Request{}, err
	}
	r.IDToken, err = wishes(top.IDToken)
	return r, err
}

// decode reads one JSON value and nothing behind it.
func decode(text string, into any) error {
	d := json.NewDecoder(strings.NewReader(text))
	if err := d.Decode(into); err != nil {
		return err
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return errors.New("something follows it")
	}
	return nil
}

func wishes(raw map[string]json.RawMessage) (map[string]Wish, error) {
	all := make(map[string]Wish, len(raw))
	for name, text := range raw {
		var w struct {
			Essential bool  `json:"essential"`
			Value     any   `json:"value"`
			Values    []any `json:"values"`
		}
		if err := json.Unmarshal(text, &w); err != nil {
			return nil, fmt.Errorf("the wish for a claim is not an object: %w", err)
		}
		if w.Value != nil {
			w.Values = append([]any{w.Value}, w.Values...)
		}
		if len(w.Values) > maxValues {
			return nil, fmt.Errorf("more than %d values", maxValues)
		}
		all[name] = Wish{Essential: w.Essential, Values: w.Values}
	}
	return all, nil
}

// Subject is the one person whom the request is about, "" if it names none. It is an
// error to name two.
func (r Request) Subject() (string, error) {
	var subject string
	for _, w := range []Wish{r.IDToken["sub"], r.UserInfo["sub"]} {
		if len(w.Values) == 0 {
			continue
		}
		one, ok := w.Values[0].(string)
		if !ok || one == "" || len(w.Values) > 1 || subject != "" && subject != one {
			return "", errors.New("sub must be one string")
		}
		subject = one
	}
	return subject, nil
}

// ACR returns the authentication context classes that the ID token is wanted to name, and
// whether nothing else will do.
func (r Request) ACR() (classes []string, essential bool, err error) {
	w := r.IDToken["acr"]
	for _, v := range w.Values {
		class, ok := v.(string)
		if !ok || class == "" || strings.ContainsAny(class, " \t\r\n") {
			return nil, false, errors.New("acr must be a class or a list of them")
		}
		classes = append(classes, class)
	}
	return classes, w.Essential && len(classes) > 0, nil
}

// Asked returns the names of the claims about a person that nod knows. Those about the
// authentication are in every ID token, and others are ignored (section 5.5).
func (r Request) Asked() Asked {
	return Asked{UserInfo: known(r.UserInfo), IDToken: known(r.IDToken)}
}

func known(wishes map[string]Wish) []string {
	var names []string
	for name := range wishes {
		if user.KnowsClaim(name) {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// All are the names asked for, wherever they go.
func (a Asked) All() []string {
	return slices.Compact(slices.Sorted(slices.Values(slices.Concat(a.UserInfo, a.IDToken))))
}
