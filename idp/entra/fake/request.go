package fake

import (
	"crypto/rand"
	"encoding/json"
	"net/url"
	"strings"
)

// Registration is the external method as Entra knows it.
type Registration struct {
	Tenant   string
	ClientID string
	ReplyURL string
}

// Account is somebody in the tenant.
type Account struct {
	OID     string
	Subject string
	Name    string // preferred_username
}

// AMR are the methods that Entra lists in its requests.
var AMR = []string{"face", "fido", "fpt", "hwk", "iris", "otp", "pop", "retina", "sc", "sms", "swk", "tel", "vbm"}

// ACR are the classes that the contract knows.
var ACR = []string{
	"possessionorinherence", "knowledgeorpossession", "knowledgeorinherence", "knowledgeorpossessionorinherence", "knowledge", "possession", "inherence",
}

// Wanted is the parameter claims.
func Wanted(acr, amr []string) string {
	text, err := json.Marshal(map[string]any{"id_token": map[string]any{
		"acr": map[string]any{"essential": true, "values": acr},
		"amr": map[string]any{"essential": true, "values": amr},
	}})
	if err != nil {
		panic(err) // texts can be encoded
	}
	return string(text)
}

// Request is what Entra sends to the authorization endpoint, with a hint.
func (r Registration) Request(hint string) url.Values {
	return url.Values{
		"scope": {"openid"}, "response_type": {"id_token"}, "response_mode": {"form_post"}, "client_id": {r.ClientID},
		"redirect_uri": {r.ReplyURL}, "nonce": {"nonce-" + rand.Text()}, "state": {"state " + rand.Text() + "=&\"<x>"},
		"id_token_hint": {hint}, "claims": {Wanted(ACR[:1], AMR)}, "client-request-id": {"5f5a8b0e-" + strings.ToLower(rand.Text()[:4])},
		"x-client-ver": {"7.5"}, // other parameters come along and are ignored
	}
}
