package entra_test

import (
	"flag"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"
)

var (
	update = flag.Bool("update", false, "write the golden files anew")
	moment = time.Unix(1_800_000_000, 0)
)

func TestDiscoveryIsWhatTheContractWants(t *testing.T) {
	w := newWorld(t)
	path := "/entra/" + w.tenant.ID
	res, body := w.send(http.MethodGet, path+"/.well-known/openid-configuration", nil)
	if res.StatusCode != http.StatusOK || res.Header.Get("Content-Length") != strconv.Itoa(len(body)) || res.Header.Get("Content-Type") != "application/json" ||
		res.Header.Get("Access-Control-Allow-Origin") != "*" {
		t.Errorf("got %d with %v", res.StatusCode, res.Header)
	}
	got := strings.ReplaceAll(body, w.tenant.ID, "ent_example")
	const golden = "testdata/discovery.json"
	if *update {
		must(t, os.WriteFile(golden, []byte(got), 0o644))
	}
	want, err := os.ReadFile(golden)
	must(t, err)
	if got != string(want) {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	for _, named := range []string{path + "/keys", path + "/authorize"} {
		if !strings.Contains(body, `"`+publicURL+named+`"`) {
			t.Errorf("%s is not named", named)
		}
		if res, text := w.send(http.MethodGet, named, nil); res.StatusCode != http.StatusOK {
			t.Errorf("a bare GET of %s: got %d\n%s", named, res.StatusCode, text)
		}
	}
	res, keys := w.send(http.MethodGet, path+"/keys", nil)
	if res.Header.Get("Content-Length") != strconv.Itoa(len(keys)) || !strings.Contains(keys, `"x5c":["`) || strings.Contains(keys, `"d":`) {
		t.Errorf("got %v\n%s", res.Header, keys)
	}
}

func TestTheEndpointOfATenantThatThereIsNot(t *testing.T) {
	w := newWorld(t)
	for _, path := range []string{"/.well-known/openid-configuration", "/keys", "/authorize"} {
		if res, _ := w.send(http.MethodGet, "/entra/ent_nobody"+path, nil); res.StatusCode != http.StatusNotFound {
			t.Errorf("%s: got %d", path, res.StatusCode)
		}
	}
	if res, _ := w.send(http.MethodPost, "/entra/ent_nobody/authorize", w.request(nil)); res.StatusCode != http.StatusNotFound {
		t.Errorf("got %d", res.StatusCode)
	}
}

func TestEntraIsToldErrorsByAForm(t *testing.T) {
	w := newWorld(t)
	res, body := w.send(http.MethodPost, "/entra/"+w.tenant.ID+"/authorize", w.request(nil))
	csp := res.Header.Get("Content-Security-Policy")
	for _, said := range []string{
		`action="https://login.microsoftonline.com/common/federation/externalauthprovider"`, `name="error" value="invalid_request"`,
		`name="state" value="s&#34;&gt;&lt;script&gt;"`, `id="continue"`, `data-state="done"`,
	} {
		if !strings.Contains(body, said) {
			t.Errorf("%s is missing from\n%s", said, body)
		}
	}
	if !strings.Contains(csp, "form-action https://login.microsoftonline.com https://login.microsoftonline.us https://login.partner.microsoftonline.cn;") &&
		!strings.HasSuffix(csp, "form-action https://login.microsoftonline.com https://login.microsoftonline.us https://login.partner.microsoftonline.cn") {
		t.Errorf("got the policy %s", csp)
	}
	for header, want := range map[string]string{"X-Frame-Options": "DENY", "Cache-Control": "no-store", "Access-Control-Allow-Origin": ""} {
		if got := res.Header.Get(header); got != want {
			t.Errorf("%s: got %q, want %q", header, got, want)
		}
	}
	if log := w.log.String(); !strings.Contains(log, "client_request_id=5f5a8b0e") || !strings.Contains(log, "request_id=req_") || strings.Contains(log, "id_token_hint=") {
		t.Errorf("the log says %s", log)
	}
}

func TestForeignClientsAndAddressesGetAPageAndNothingLeaves(t *testing.T) {
	w := newWorld(t)
	for name, change := range map[string]func(url.Values){
		"another address": func(v url.Values) { v.Set("redirect_uri", "https://evil.example/collect") },
		"the address of a cloud": func(v url.Values) {
			v.Set("redirect_uri", "https://login.microsoftonline.us/common/federation/externalauthprovider")
		},
		"an address that looks so": func(v url.Values) {
			v.Set("redirect_uri", "https://login.microsoftonline.com.evil.example/common/federation/externalauthprovider")
		},
		"an address with something": func(v url.Values) { v.Set("redirect_uri", v.Get("redirect_uri")+"?x") },
		"no address":                func(v url.Values) { v.Del("redirect_uri") },
		"another client":            func(v url.Values) { v.Set("client_id", "mail") },
	} {
		res, body := w.send(http.MethodPost, "/entra/"+w.tenant.ID+"/authorize", w.request(change))
		if res.StatusCode != http.StatusBadRequest || strings.Contains(body, "<form") || strings.Contains(body, "evil.example") || res.Header.Get("Location") != "" {
			t.Errorf("%s: got %d\n%s", name, res.StatusCode, body)
		}
	}
}

func TestOnlyTheEndpointTakesFormsFromElsewhere(t *testing.T) {
	w := newWorld(t)
	res, _ := w.send(http.MethodPost, "/entra/"+w.tenant.ID+"/identify/log_1", url.Values{"enrolment-code": {"x"}})
	if res.StatusCode != http.StatusForbidden {
		t.Errorf("got %d, want 403", res.StatusCode)
	}
	for _, path := range []string{"/answer/log_1", "/identify/log_1"} {
		if res, _ := w.send(http.MethodGet, "/entra/"+w.tenant.ID+path, nil); res.StatusCode != http.StatusNotFound {
			t.Errorf("%s of nobody's login: got %d", path, res.StatusCode)
		}
	}
}
