package oidc_test

import (
	"net/http"
	"strconv"
	"strings"
	"testing"
)

func TestDiscoveryHoldsOnlyWhatIsTrue(t *testing.T) {
	w := on(t)
	first := w.get("/.well-known/openid-configuration", nil)
	if twin := w.get("/.well-known/oauth-authorization-server", nil); twin.body != first.body {
		t.Error("the two documents differ")
	}
	told := first.json(t)
	if told["issuer"] != w.url {
		t.Errorf("got issuer %v, want %s", told["issuer"], w.url)
	}
	for name, value := range told {
		if address, ok := value.(string); ok && name != "issuer" {
			path, ok := strings.CutPrefix(address, w.url)
			if got := w.get(path, nil); !ok || got.StatusCode == http.StatusNotFound {
				t.Errorf("%s: got %d at %s", name, got.StatusCode, address)
			}
		}
	}
	for _, mode := range told["response_modes_supported"].([]any) {
		if got := w.get("/authorize", ask("response_mode", mode.(string))); strings.Contains(got.Header.Get("Location"), "error=") {
			t.Errorf("response mode %s: %s", mode, got.Header.Get("Location"))
		}
	}
	for _, prompt := range told["prompt_values_supported"].([]any) {
		if _, q := w.get("/authorize", ask("prompt", prompt.(string))).location(t); q.Get("error") == "invalid_request" {
			t.Errorf("prompt %s: %v", prompt, q)
		}
	}
	for _, grant := range told["grant_types_supported"].([]any) {
		form := exchange("x")
		form.Set("grant_type", grant.(string))
		form.Set("refresh_token", "x")
		if grant == "implicit" { // of the authorization endpoint alone (RFC 7591, section 2)
			continue
		}
		if got := w.post("/oauth/token", form, w.asApp); strings.Contains(got.body, "unsupported_grant_type") {
			t.Errorf("grant %s: %s", grant, got.body)
		}
	}
	w.registerAll()
	for _, responseType := range told["response_types_supported"].([]any) {
		if _, q := w.get("/authorize", ask("response_type", responseType.(string))).location(t); q.Get("error") != "" {
			t.Errorf("response type %s: %v", responseType, q)
		}
	}
	for _, parameter := range []string{"request_uri_parameter_supported", "request_parameter_supported", "claims_parameter_supported"} {
		if told[parameter] != true {
			t.Errorf("%s: got %v", parameter, told[parameter])
		}
	}
}

func TestPublicDocumentsAreKeptAndReadByEverybody(t *testing.T) {
	w := on(t)
	for _, path := range []string{"/.well-known/openid-configuration", "/.well-known/oauth-authorization-server", "/.well-known/jwks.json"} {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, w.url+path, nil)
		must(t, err)
		r.Header.Set("Origin", "https://anybody.example")
		got := w.send(r)
		etag := got.Header.Get("ETag")
		if got.StatusCode != http.StatusOK || got.Header.Get("Content-Type") != "application/json" || !strings.HasPrefix(got.Header.Get("Cache-Control"), "public, max-age=") ||
			got.Header.Get("Access-Control-Allow-Origin") != "*" || len(etag) < 10 || got.Header.Get("Content-Length") != strconv.Itoa(len(got.body)) {
			t.Errorf("%s: got %d with %v", path, got.StatusCode, got.Header)
		}
		for held, want := range map[string]int{
			etag: http.StatusNotModified, `"other", W/` + etag: http.StatusNotModified, "*": http.StatusNotModified,
			`"other"`: http.StatusOK, strings.Trim(etag, `"`): http.StatusOK,
		} {
			r.Header.Set("If-None-Match", held)
			if got := w.send(r); got.StatusCode != want || (want == http.StatusNotModified && got.body != "") {
				t.Errorf("%s: got %d to the tag %s, want %d", path, got.StatusCode, held, want)
			}
		}
	}
	keys := w.get("/.well-known/jwks.json", nil).json(t)["keys"].([]any)
	for _, key := range keys {
		k := key.(map[string]any)
		if k["kid"] == "" || k["use"] != "sig" || k["alg"] == "" || k["d"] != nil {
			t.Errorf("got %v", k)
		}
	}
}
