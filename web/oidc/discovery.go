package oidc

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/nod-idp/nod/idp/client"
	"github.com/nod-idp/nod/idp/evidence"
	"github.com/nod-idp/nod/internal/jws"
)

// metadataDocument is what nod says of itself (OpenID Connect Discovery 1.0, section
// 3, and RFC 8414, section 2). It holds only what is true.
type metadataDocument struct {
	Issuer             string   `json:"issuer"`
	Authorization      string   `json:"authorization_endpoint"`
	Token              string   `json:"token_endpoint"`
	UserInfo           string   `json:"userinfo_endpoint"`
	Device             string   `json:"device_authorization_endpoint"`
	CIBA               string   `json:"backchannel_authentication_endpoint"`
	CIBAModes          []string `json:"backchannel_token_delivery_modes_supported"`
	CIBAUserCode       bool     `json:"backchannel_user_code_parameter_supported"`
	JWKS               string   `json:"jwks_uri"`
	Introspection      string   `json:"introspection_endpoint"`
	Revocation         string   `json:"revocation_endpoint"`
	EndSession         string   `json:"end_session_endpoint"`
	Scopes             []string `json:"scopes_supported"`
	ResponseTypes      []string `json:"response_types_supported"`
	ResponseModes      []string `json:"response_modes_supported"`
	Grants             []string `json:"grant_types_supported"`
	ACRs               []string `json:"acr_values_supported"`
	Subjects           []string `json:"subject_types_supported"`
	IDTokenAlgs        []string `json:"id_token_signing_alg_values_supported"`
	TokenAuth          []string `json:"token_endpoint_auth_methods_supported"`
	IntrospectionAuth  []string `json:"introspection_endpoint_auth_methods_supported"`
	RevocationAuth     []string `json:"revocation_endpoint_auth_methods_supported"`
	TokenAuthAlgs      []string `json:"token_endpoint_auth_signing_alg_values_supported"`
	IntrospectionAlgs  []string `json:"introspection_endpoint_auth_signing_alg_values_supported"`
	RevocationAlgs     []string `json:"revocation_endpoint_auth_signing_alg_values_supported"`
	ProofAlgs          []string `json:"dpop_signing_alg_values_supported"` // RFC 9449, section 5.1
	Claims             []string `json:"claims_supported"`
	Prompts            []string `json:"prompt_values_supported"`
	ChallengeMethods   []string `json:"code_challenge_methods_supported"`
	ResponseIssuer     bool     `json:"authorization_response_iss_parameter_supported"`
	ClaimsParameter    bool     `json:"claims_parameter_supported"`
	RequestParameter   bool     `json:"request_parameter_supported"`
	RequestURI         bool     `json:"request_uri_parameter_supported"` // true is the default
	RequestAlgs        []string `json:"request_object_signing_alg_values_supported"`
	ResponseAlgs       []string `json:"authorization_signing_alg_values_supported"`
	PushedRequests     string   `json:"pushed_authorization_request_endpoint"`
	Displays           []string `json:"display_values_supported"`
	LocalesOfThePages  []string `json:"ui_locales_supported"`
	BackchannelLogout  bool     `json:"backchannel_logout_supported"`
	BackchannelSession bool     `json:"backchannel_logout_session_supported"`
	FrontLogout        bool     `json:"frontchannel_logout_supported"`
	FrontLogoutSession bool     `json:"frontchannel_logout_session_supported"`
	ClaimTypesReturned []string `json:"claim_types_supported"`
}

// scopes are the ones nod knows. Others are ignored (OpenID Connect Core 1.0, section
// 3.1.2.1).
var scopes = []string{"openid", "profile", "email", "address", "phone", "offline_access"}

// The values of prompt (OpenID Connect Core 1.0, section 3.1.2.1).
var prompts = []string{"none", "login", "consent", "select_account"}

func (s *Surface) metadata() (document, error) {
	confidential := []string{string(client.AuthBasic), string(client.AuthPost), string(client.AuthPrivateKey)}
	all := append(slices.Clone(confidential), string(client.AuthNone))
	idTokenAlgs := []string{string(client.RS256), string(client.PS256), string(client.ES256), string(client.EdDSA)}
	body, err := json.MarshalIndent(metadataDocument{
		Issuer:        s.Issuer,
		Authorization: s.Issuer + authorizePath,
		Token:         s.Issuer + tokenPath,
		UserInfo:      s.Issuer + userinfoPath,
		Device:        s.Issuer + devicePath,
		CIBA:          s.Issuer + cibaPath,
		CIBAModes:     []string{string(client.CIBAPoll), string(client.CIBAPing)},
		JWKS:          s.Issuer + jwksPath,
		Introspection: s.Issuer + introspectPath,
		Revocation:    s.Issuer + revokePath,
		EndSession:    s.Issuer + logoutPath,
		Scopes:        scopes,
		ResponseTypes: names(responseTypes),
		ResponseModes: responseModes,
		Grants: []string{
			string(client.AuthorizationCode), string(client.RefreshToken), string(client.ClientCredentials), string(client.DeviceCode),
			string(client.CIBA), string(client.Implicit),
		},
		ACRs:              evidence.ACRs(),
		Subjects:          []string{"public"},
		IDTokenAlgs:       idTokenAlgs,
		TokenAuth:         all,
		IntrospectionAuth: confidential,
		RevocationAuth:    all,
		TokenAuthAlgs:     jws.Algorithms(),
		IntrospectionAlgs: jws.Algorithms(),
		RevocationAlgs:    jws.Algorithms(),
		ProofAlgs:         jws.Algorithms(),
		Claims: []string{"iss", "sub", "aud", "exp", "iat", "auth_time", "nonce", "acr", "amr", "sid", "at_hash", "c_hash",
			"name", "given_name", "family_name", "middle_name", "nickname", "preferred_username", "profile", "picture", "website",
			"gender", "birthdate", "zoneinfo", "locale", "updated_at", "email", "email_verified", "phone_number",
			"phone_number_verified", "address"},
		Prompts:            prompts,
		ChallengeMethods:   []string{"S256"},
		ResponseIssuer:     true,
		ClaimsParameter:    true,
		RequestParameter:   true,
		RequestURI:         true,
		RequestAlgs:        jws.Algorithms(),
		ResponseAlgs:       idTokenAlgs,
		PushedRequests:     s.Issuer + pushPath,
		Displays:           []string{"page"},
		LocalesOfThePages:  []string{"en"},
		BackchannelLogout:  true,
		BackchannelSession: true,
		FrontLogout:        true,
		FrontLogoutSession: true,
		ClaimTypesReturned: []string{"normal"},
	}, "", "  ")
	if err != nil {
		return document{}, fmt.Errorf("prepare discovery: %w", err)
	}
	sum := sha256.Sum256(body)
	return document{body: append(body, '\n'), etag: `"` + base64.RawURLEncoding.EncodeToString(sum[:16]) + `"`}, nil
}

func names[T ~string](values []T) []string {
	all := make([]string, len(values))
	for i, v := range values {
		all[i] = string(v)
	}
	return all
}

// document is a public text in memory, with its entity tag.
type document struct {
	body []byte
	etag string
}

// How long others may keep the two documents. A new signing key is published for
// much longer before it signs.
const documentAge = 15 * time.Minute

var documentCaching = fmt.Sprintf("public, max-age=%d", int(documentAge.Seconds()))

func (s *Surface) discovery(w http.ResponseWriter, r *http.Request) error {
	s.known.serve(w, r)
	return nil
}

func (s *Surface) jwks(w http.ResponseWriter, r *http.Request) error {
	body, etag, err := s.Keys.JWKS(r.Context())
	if err != nil {
		return err
	}
	document{body, etag}.serve(w, r)
	return nil
}

// serve answers with the document, or with 304 to whoever has it already (RFC 9110,
// section 13.1.2).
func (d document) serve(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("Cache-Control", documentCaching)
	h.Set("ETag", d.etag)
	if held := r.Header.Get("If-None-Match"); held != "" && d.among(held) {
		w.WriteHeader(http.StatusNotModified)
		return
	}
	h.Set("Content-Type", "application/json")
	h.Set("Content-Length", strconv.Itoa(len(d.body)))
	_, _ = w.Write(d.body)
}

// among looks for the tag in a list. None of our tags holds a comma.
func (d document) among(held string) bool {
	for tag := range strings.SplitSeq(held, ",") {
		tag = strings.TrimSpace(tag)
		if tag == "*" || strings.TrimPrefix(tag, "W/") == d.etag {
			return true
		}
	}
	return false
}
