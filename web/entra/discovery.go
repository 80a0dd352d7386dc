package entra

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"time"

	"github.com/nod-idp/nod/idp/entra"
)

// document is what Entra reads of the issuer (OpenID Connect Discovery 1.0, section 3, and
// Microsoft's provider reference). It tells nothing that this issuer cannot do.
type document struct {
	Issuer        string   `json:"issuer"`
	Authorization string   `json:"authorization_endpoint"`
	JWKS          string   `json:"jwks_uri"`
	Scopes        []string `json:"scopes_supported"`
	ResponseTypes []string `json:"response_types_supported"`
	ResponseModes []string `json:"response_modes_supported"`
	Grants        []string `json:"grant_types_supported"`
	Subjects      []string `json:"subject_types_supported"`
	IDTokenAlgs   []string `json:"id_token_signing_alg_values_supported"`
	ClaimTypes    []string `json:"claim_types_supported"`
	Claims        []string `json:"claims_supported"`
	ClaimsParam   bool     `json:"claims_parameter_supported"`
	RequestURI    bool     `json:"request_uri_parameter_supported"` // true is the default
	ACRs          []string `json:"acr_values_supported"`
}

// documentAge is how long others may keep the documents. Entra keeps them for a day.
const documentAge = 15 * time.Minute

func (s *Surface) discovery(w http.ResponseWriter, r *http.Request) error {
	t, err := s.tenant(r)
	if err != nil {
		return err
	}
	body, err := json.MarshalIndent(document{
		Issuer: t.Issuer(s.PublicURL), Authorization: t.AuthorizationURL(s.PublicURL), JWKS: t.Issuer(s.PublicURL) + entra.JWKSPath,
		Scopes: []string{"openid"}, ResponseTypes: []string{"id_token"}, ResponseModes: []string{"form_post"}, Grants: []string{"implicit"},
		Subjects: []string{"pairwise", "public"}, IDTokenAlgs: []string{"RS256"}, ClaimTypes: []string{"normal"},
		Claims: []string{"iss", "sub", "aud", "exp", "iat", "nonce", "acr", "amr"}, ClaimsParam: true, ACRs: entra.ACRs(),
	}, "", "  ")
	if err != nil {
		return fmt.Errorf("prepare discovery for Entra: %w", err)
	}
	serve(w, r, append(body, '\n'), "")
	return nil
}

func (s *Surface) keys(w http.ResponseWriter, r *http.Request) error {
	t, err := s.tenant(r)
	if err != nil {
		return err
	}
	body, etag, err := s.Tenants.Ring(t).JWKS(r.Context())
	if err != nil {
		return err
	}
	serve(w, r, body, etag)
	return nil
}

// serve answers with a length, which Entra insists on.
func serve(w http.ResponseWriter, r *http.Request, body []byte, etag string) {
	h := w.Header()
	h.Set("Content-Type", "application/json")
	h.Set("Cache-Control", fmt.Sprintf("public, max-age=%d", int(documentAge.Seconds())))
	if etag != "" {
		h.Set("ETag", etag)
	}
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(body))
}
