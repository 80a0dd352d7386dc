package nodes

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
)

const (
	callback = "http://127.0.0.1:9/callback"
	verifier = "a-code-verifier-of-at-least-43-characters-0"
)

// app is the application that people sign in to.
type app struct{ id, secret string }

func (c *cluster) application() app {
	c.t.Helper()
	var made struct {
		Secret string `json:"client_secret"`
	}
	c.verb("", &made, "client", "add", "mail", "--first-party", "--redirect-uri", callback)
	return app{"mail", made.Secret}
}

// authorize is where the application sends the browser.
func (a app) authorize(issuer string) string {
	challenge := sha256.Sum256([]byte(verifier))
	return issuer + "/authorize?" + url.Values{
		"client_id": {a.id}, "redirect_uri": {callback}, "response_type": {"code"}, "scope": {"openid offline_access"}, "state": {"s"},
		"code_challenge": {base64.RawURLEncoding.EncodeToString(challenge[:])}, "code_challenge_method": {"S256"},
	}.Encode()
}

// tokens is what the token endpoint answers.
type tokens struct {
	Access  string `json:"access_token"`
	Refresh string `json:"refresh_token"`
	Error   string `json:"error"`
}

// failure is an answer of the token endpoint that is no tokens.
type failure struct {
	status int
	code   string
}

func (f failure) Error() string { return fmt.Sprintf("%d %s", f.status, f.code) }

func (c *cluster) redeem(ctx context.Context, code string) (tokens, error) {
	return c.token(ctx, url.Values{"grant_type": {"authorization_code"}, "code": {code}, "redirect_uri": {callback}, "code_verifier": {verifier}})
}

func (c *cluster) refresh(ctx context.Context, token string) (tokens, error) {
	return c.token(ctx, url.Values{"grant_type": {"refresh_token"}, "refresh_token": {token}})
}

func (c *cluster) token(ctx context.Context, form url.Values) (got tokens, err error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, c.url+"/oauth/token", strings.NewReader(form.Encode()))
	if err != nil {
		return got, err
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.SetBasicAuth(c.app.id, c.app.secret)
	res, err := c.do(req)
	if err != nil {
		return got, err
	}
	defer res.Body.Close()
	_ = json.NewDecoder(res.Body).Decode(&got)
	if res.StatusCode != http.StatusOK {
		return got, failure{res.StatusCode, got.Error}
	}
	return got, nil
}

// userinfo is how the status of an access token is asked at one node, "" for any.
func (c *cluster) userinfo(ctx context.Context, node, access string) (status int, err error) {
	address := c.url
	if node != "" {
		address = "http://" + node
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address+"/oauth/userinfo", nil)
	if err != nil {
		return 0, err
	}
	req.Header.Set("Authorization", "Bearer "+access)
	req.Host = strings.TrimPrefix(c.url, "http://")
	res, err := (&http.Client{Transport: http.DefaultTransport}).Do(req)
	if err != nil {
		return 0, err
	}
	return res.StatusCode, res.Body.Close()
}

func (c *cluster) do(req *http.Request) (*http.Response, error) {
	return (&http.Client{Transport: c.transport()}).Do(req)
}
