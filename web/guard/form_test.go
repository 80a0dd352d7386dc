package guard

import (
	"errors"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
)

func TestAParameterCountsOnce(t *testing.T) {
	for _, row := range []struct {
		name, query, want string // want is the public text, "" for no refusal
	}{
		{"each once", "a=1&b=2", ""},
		{"twice", "a=1&b=2&a=3", "The parameter a was sent more than once."},
		{"twice the same", "state=1&state=1", "The parameter state was sent more than once."},
		{"a strange name is not repeated", "%22%5C%0A=1&%22%5C%0A=2", "A parameter was sent more than once."},
		{"one that may repeat", "resource=a&resource=b", ""},
	} {
		t.Run(row.name, func(t *testing.T) {
			_, err := Query(httptest.NewRequest("GET", "/?"+row.query, nil), "resource")
			var p Problem
			if errors.As(err, &p) != (row.want != "") || p.Public != row.want || (err != nil && p.Code != "invalid_request") {
				t.Errorf("got %v, want %q", err, row.want)
			}
		})
	}
}

func TestAFormIsReadFromTheBodyOnly(t *testing.T) {
	r := httptest.NewRequest("POST", "/?passcode=from-a-link", strings.NewReader("form_token=t"))
	r.Header.Set("Content-Type", Form)
	values, err := PostForm(r)
	if err != nil || values.Get("passcode") != "" || values.Get("form_token") != "t" {
		t.Errorf("got %v, %v", values, err)
	}
	for name, body := range map[string]string{"text/plain": "a=1", Form: "a=%zz", Form + ";x": "a=1&a=2"} {
		r := httptest.NewRequest("POST", "/", strings.NewReader(body))
		r.Header.Set("Content-Type", name)
		if _, err := PostForm(r); err == nil {
			t.Errorf("%s %s: got no error, want one", name, body)
		} else if strings.Contains(err.Error(), "zz") {
			t.Errorf("the error repeats the form: %v", err)
		}
	}
}

func FuzzSingleFindsEveryRepetition(f *testing.F) {
	f.Add("a=1&b=2")
	f.Add("a=1;a=2&a")
	f.Fuzz(func(t *testing.T, query string) {
		values, err := url.ParseQuery(query)
		if err != nil {
			return
		}
		repeated := false
		for _, all := range values {
			repeated = repeated || len(all) > 1
		}
		got := Single(values)
		if (got != nil) != repeated {
			t.Fatalf("%q: got %v", query, got)
		}
		var p Problem
		if errors.As(got, &p) && strings.ContainsAny(p.Public, "\"\\\r\n") {
			t.Fatalf("%q: an error_description cannot hold %q", query, p.Public)
		}
	})
}
