package firefox

// An Authenticator is the fingerprint reader of the machine: built in, with resident
// keys, touched at once. Every page sees the same. It knows the prf extension in the
// way that is enabled at create and returns 32 bytes only at get.
type Authenticator struct {
	b  *Browser
	id string
}

// Authenticator gives the machine a fingerprint reader that recognises the person.
func (b *Browser) Authenticator() *Authenticator {
	b.t.Helper()
	var added struct{ Value string }
	b.call("add an authenticator", "WebAuthn:AddVirtualAuthenticator", map[string]any{
		"protocol": "ctap2_1", "transport": "internal", "hasResidentKey": true, "hasUserVerification": true,
		"isUserConsenting": true, "isUserVerified": true,
	}, &added)
	return &Authenticator{b: b, id: added.Value}
}

// Recognise says whether the next finger is the person's.
func (a *Authenticator) Recognise(yes bool) {
	a.b.t.Helper()
	a.b.call("set what the authenticator recognises", "WebAuthn:SetUserVerified",
		map[string]any{"authenticatorId": a.id, "isUserVerified": yes}, nil)
}

// A Credential is a key that an authenticator holds.
type Credential struct {
	ID         string `json:"credentialId"` // base64url, as pages know it
	RPID       string `json:"rpId"`
	UserHandle string `json:"userHandle"`
	SignCount  int    `json:"signCount"`
}

// Credentials returns the keys that the authenticator holds.
func (a *Authenticator) Credentials() []Credential {
	a.b.t.Helper()
	var held struct{ Value []Credential }
	a.b.call("list the credentials", "WebAuthn:GetCredentials", map[string]string{"authenticatorId": a.id}, &held)
	return held.Value
}

// Remove takes the authenticator away.
func (a *Authenticator) Remove() {
	a.b.t.Helper()
	a.b.call("remove the authenticator", "WebAuthn:RemoveVirtualAuthenticator", map[string]string{"authenticatorId": a.id}, nil)
}
