package fake

import (
	"crypto/rsa"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"time"

	"github.com/go-jose/go-jose/v4"
)

// Metadata is what Entra reads of the method before it sends anybody.
type Metadata struct {
	Issuer        string   `json:"issuer"`
	Authorization string   `json:"authorization_endpoint"`
	JWKS          string   `json:"jwks_uri"`
	Scopes        []string `json:"scopes_supported"`
	ResponseTypes []string `json:"response_types_supported"`
	Algorithms    []string `json:"id_token_signing_alg_values_supported"`
	Subjects      []string `json:"subject_types_supported"`
	ClaimTypes    []string `json:"claim_types_supported"`

	Keys  jose.JSONWebKeySet `json:"-"`
	Clock time.Duration      `json:"-"` // how far the server's clock is ahead of this one, to the second
}

// Discover reads discovery and keys as Entra does, and says what Entra would not like.
func Discover(client *http.Client, discoveryURL string) (m Metadata, faults []string) {
	fault := func(format string, args ...any) { faults = append(faults, fmt.Sprintf(format, args...)) }
	header, err := read(client, discoveryURL, &m)
	if err != nil {
		return m, []string{"discovery: " + err.Error()}
	}
	if at, err := http.ParseTime(header.Get("Date")); err == nil {
		m.Clock = time.Until(at).Round(time.Second)
	}
	if m.Issuer+"/.well-known/openid-configuration" != discoveryURL {
		fault("discovery: the issuer %q is not what the discovery endpoint lies below", m.Issuer)
	}
	for name, holds := range map[string]bool{
		"scopes_supported lacks openid":                            slices.Contains(m.Scopes, "openid"),
		"response_types_supported lacks id_token":                  slices.Contains(m.ResponseTypes, "id_token"),
		"id_token_signing_alg_values_supported lacks RS256":        slices.Contains(m.Algorithms, "RS256"),
		"subject_types_supported is missing":                       len(m.Subjects) > 0,
		"claim_types_supported lacks normal":                       len(m.ClaimTypes) == 0 || slices.Contains(m.ClaimTypes, "normal"),
		"authorization_endpoint is missing":                        m.Authorization != "",
		"jwks_uri is missing, or has a query or a fragment":        plainURL(m.JWKS),
		"the issuer is missing, or has a query or a fragment":      plainURL(m.Issuer),
		"authorization_endpoint is missing or no address to go to": plainURL(m.Authorization),
	} {
		if !holds {
			fault("discovery: %s", name)
		}
	}
	if _, err := read(client, m.JWKS, &m.Keys); err != nil {
		fault("keys: %v", err)
		return m, faults
	}
	if len(m.Keys.Keys) == 0 {
		fault("keys: there is none")
	}
	for _, k := range m.Keys.Keys {
		faults = append(faults, judgeKey(k)...)
	}
	return m, faults
}

func plainURL(address string) bool {
	u, err := url.Parse(address)
	return err == nil && u.Host != "" && u.RawQuery == "" && u.Fragment == ""
}

func judgeKey(k jose.JSONWebKey) (faults []string) {
	fault := func(text string) { faults = append(faults, fmt.Sprintf("keys: the key %q %s", k.KeyID, text)) }
	key, ok := k.Key.(*rsa.PublicKey)
	if !ok {
		fault("is no RSA key")
		return faults
	}
	if _, err := base64.RawURLEncoding.DecodeString(k.KeyID); err != nil || k.KeyID == "" {
		fault("is not named in base64")
	}
	if len(k.Certificates) == 0 {
		fault("has no x5c")
	} else if certified, ok := k.Certificates[0].PublicKey.(*rsa.PublicKey); !ok || !certified.Equal(key) {
		fault("is another one than the one in its x5c")
	}
	return faults
}

// read fetches JSON that has to come with its length.
func read(client *http.Client, address string, into any) (http.Header, error) {
	res, err := client.Get(address)
	if err != nil {
		return nil, err
	}
	defer func() { _ = res.Body.Close() }() // it was only read
	body, err := io.ReadAll(io.LimitReader(res.Body, 1<<20))
	switch length := res.Header.Get("Content-Length"); {
	case err != nil:
		return nil, err
	case res.StatusCode != http.StatusOK:
		return nil, fmt.Errorf("%s answers %d", address, res.StatusCode)
	case length != strconv.Itoa(len(body)):
		return nil, fmt.Errorf("%s comes with the Content-Length %q, and has %d bytes", address, length, len(body))
	}
	return res.Header, json.Unmarshal(body, into)
}

// Judge says what Entra would not like about an answer to a request, nothing if it is
// satisfied. account is the one of the request's hint.
func (e *Entra) Judge(m Metadata, request, answer url.Values, account Account) (faults []string) {
	fault := func(format string, args ...any) { faults = append(faults, fmt.Sprintf(format, args...)) }
	if answer.Get("state") != request.Get("state") {
		fault("the state came back as %q", answer.Get("state"))
	}
	if answer.Has("error") {
		fault("the answer is the error %s", answer.Get("error"))
		return faults
	}
	jws, err := jose.ParseSignedCompact(answer.Get("id_token"), []jose.SignatureAlgorithm{jose.RS256})
	if err != nil {
		fault("the answer has no id_token by RS256: %v", err)
		return faults
	}
	found := m.Keys.Key(jws.Signatures[0].Protected.KeyID)
	if len(found) != 1 || len(found[0].Certificates) == 0 {
		fault("the id_token is signed by the key %q, which is not published", jws.Signatures[0].Protected.KeyID)
		return faults
	}
	payload, err := jws.Verify(found[0].Certificates[0].PublicKey)
	if err != nil {
		fault("the signature of the id_token is wrong")
		return faults
	}
	var c struct {
		Issuer   string `json:"iss"`
		Audience string `json:"aud"`
		Subject  string `json:"sub"`
		Nonce    string `json:"nonce"`
		ACR      string `json:"acr"`
		AMR      []string
		Expires  int64 `json:"exp"`
		IssuedAt int64 `json:"iat"`
	}
	if err := json.Unmarshal(payload, &c); err != nil {
		fault("the claims have another form than they should: %v", err)
		return faults
	}
	var asked struct {
		IDToken map[string]struct{ Values []string } `json:"id_token"`
	}
	if err := json.Unmarshal([]byte(request.Get("claims")), &asked); err != nil {
		fault("the request asks for nothing")
	}
	now := e.now().Unix()
	for text, holds := range map[string]bool{
		"iss is not the issuer of discovery":         c.Issuer == m.Issuer,
		"aud is not the client id":                   c.Audience == request.Get("client_id"),
		"sub is not that of the hint":                c.Subject == account.Subject,
		"nonce is another one":                       c.Nonce == request.Get("nonce"),
		"acr is none of those asked for":             slices.Contains(asked.IDToken["acr"].Values, c.ACR),
		"amr is not a list of exactly one":           len(c.AMR) == 1,
		"amr is none of those asked for":             len(c.AMR) == 0 || slices.Contains(asked.IDToken["amr"].Values, c.AMR[0]),
		"exp lies in the past":                       c.Expires > now,
		"iat lies in the future or is too long past": c.IssuedAt <= now+300 && c.IssuedAt >= now-600,
	} {
		if !holds {
			fault("the id_token: %s", text)
		}
	}
	return faults
}
