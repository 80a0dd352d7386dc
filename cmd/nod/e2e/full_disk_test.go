package e2e

import (
	"errors"
	"io/fs"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/oauth2"

	"github.com/nod-idp/nod/internal/formbrowser"
)

// A disk that is really full, under the binary as it is shipped. First the reserve is given,
// then whatever must be written is put off, and as soon as there is room all goes on, in the
// same process.
func TestADiskThatIsReallyFull(t *testing.T) {
	t.Parallel()
	i := install(t)
	disk := i.onSmallDisk(96)
	i.start()
	c := printedClient{}
	i.must(nil, passphrase+"\n", "user", "add", username, "--data", i.data, "--password-stdin")
	i.must(&c, "", "client", "add", "mail", "--json", "--data", i.data, "--first-party", "--redirect-uri", callback, "--second-factor", "off", "--id-token-alg", "ES256")
	given := i.onlyPassword(c)
	ballast, filler := filepath.Join(disk, "data", "ballast"), filepath.Join(disk, "filler")
	i.within("the reserve is made", func() bool { return there(ballast) })

	fill(t, filler)
	i.within("the reserve is given", func() bool { return !there(ballast) })
	i.within("the log says so", func() bool { return strings.Contains(i.log.String(), "the disk is full") })
	i.onlyPassword(c) // on the reserve
	fill(t, filler)

	// What was acknowledged last must be there in the end.
	last, refused := given, error(nil)
	for range 5000 {
		next, err := i.refreshed(c, last)
		if err != nil {
			refused = err
			break
		}
		last = next
		if _, err := os.Stat(filler); err == nil {
			fill(t, filler) // what nod deleted itself meanwhile
		}
	}
	var answer *oauth2.RetrieveError
	if !errors.As(refused, &answer) || answer.Response.StatusCode != http.StatusServiceUnavailable ||
		answer.Response.Header.Get("Retry-After") == "" || answer.ErrorCode == "invalid_grant" {
		t.Fatalf("refresh on a full disk: got %v, want 503", refused)
	}
	i.answersFromWhatItHas(c, last)
	b := i.walker()
	page, err := b.Get(t.Context(), i.authorize(c))
	if err == nil && page.Status == http.StatusOK { // nothing is written before the first step
		page, err = b.Press(t.Context(), page, "login-submit", map[string]string{"username": username, "password": passphrase})
	}
	if err != nil || page.Status != http.StatusServiceUnavailable || page.Header.Get("Retry-After") == "" ||
		!strings.Contains(page.Body, page.Header.Get("X-Request-Id")) {
		t.Errorf("a new login: got %v, %v, want the page of a 503", page, err)
	}
	i.within("it is not ready", func() bool { return i.ready() == http.StatusServiceUnavailable })

	if err := os.Remove(filler); err != nil {
		t.Fatal(err)
	}
	i.within("it is ready again", func() bool { return i.ready() == http.StatusOK })
	if last, refused = i.refreshed(c, last); refused != nil {
		t.Fatalf("what was acknowledged last: %v", refused)
	}
	i.onlyPassword(c)
	i.within("the reserve is made anew", func() bool { return there(ballast) })

	fill(t, filler)
	i.within("the reserve is given", func() bool { return !there(ballast) })
	fill(t, filler)
	i.stop() // is no failure, and nothing is lost by it
	if err := os.Remove(filler); err != nil {
		t.Fatal(err)
	}
	i.start()
	if _, err := i.refreshed(c, last); err != nil {
		t.Errorf("what was acknowledged before the stop: %v", err)
	}
}

// answersFromWhatItHas is what goes on while nothing can be written.
func (i *installation) answersFromWhatItHas(c printedClient, given *oauth2.Token) {
	i.t.Helper()
	for _, path := range []string{"/.well-known/openid-configuration", "/.well-known/jwks.json", "/healthz"} {
		if res, _ := get(i.t, i.issuer+path); res.StatusCode != http.StatusOK {
			i.t.Errorf("%s: got %d", path, res.StatusCode)
		}
	}
	req := must(http.NewRequest(http.MethodGet, i.issuer+"/oauth/userinfo", nil))
	req.Header.Set("Authorization", "Bearer "+given.AccessToken)
	if res := must(http.DefaultClient.Do(req)); res.StatusCode != http.StatusOK {
		i.t.Errorf("userinfo: got %d %s", res.StatusCode, readAll(res))
	}
	req = must(http.NewRequest(http.MethodPost, i.issuer+"/oauth/introspect", strings.NewReader(url.Values{"token": {given.AccessToken}}.Encode())))
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.SetBasicAuth(c.ID, c.Secret)
	if res := must(http.DefaultClient.Do(req)); res.StatusCode != http.StatusOK || !strings.Contains(readAll(res), `"active":true`) {
		i.t.Errorf("introspection: got %d", res.StatusCode)
	}
}

// refreshed exchanges a refresh token for its successor.
func (i *installation) refreshed(c printedClient, given *oauth2.Token) (*oauth2.Token, error) {
	conf := oauth2.Config{ClientID: c.ID, ClientSecret: c.Secret, Endpoint: oauth2.Endpoint{TokenURL: i.issuer + "/oauth/token", AuthStyle: oauth2.AuthStyleInHeader}}
	return conf.TokenSource(i.t.Context(), &oauth2.Token{RefreshToken: given.RefreshToken}).Token()
}

// onlyPassword is a whole login without a phone.
func (i *installation) onlyPassword(c printedClient) *oauth2.Token {
	i.t.Helper()
	_, given := i.login(c, nil, "offline_access")
	return given
}

func (i *installation) walker() *formbrowser.Browser {
	b := formbrowser.New(nil)
	b.Leaves = func(u *url.URL) bool { return u.Host == "127.0.0.1:9" }
	return b
}

func (i *installation) ready() int {
	res, _ := get(i.t, i.issuer+"/readyz")
	return res.StatusCode
}

// within waits for something that nod does by itself.
func (i *installation) within(what string, done func() bool) {
	i.t.Helper()
	for began := time.Now(); !done(); time.Sleep(50 * time.Millisecond) {
		if time.Since(began) > 15*time.Second {
			i.t.Fatalf("%s: not within 15 s\n%s", what, i.log)
		}
	}
}

func there(path string) bool {
	_, err := os.Stat(path)
	return !errors.Is(err, fs.ErrNotExist)
}
