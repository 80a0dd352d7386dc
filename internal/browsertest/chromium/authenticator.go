package chromium

import (
	"github.com/chromedp/cdproto/webauthn"
	"github.com/chromedp/chromedp"
)

// PRF is how an authenticator treats the prf extension of WebAuthn. Both ways of
// having it are found on phones.
type PRF int

// The ways of treating it.
const (
	PRFNone     PRF = iota // not known
	PRFAtGet               // enabled at create, 32 bytes only at get
	PRFAtCreate            // 32 bytes at create already
)

// An Authenticator is the fingerprint reader of a page: built in, with resident keys,
// touched at once. It belongs to one page; a window that the page or a worker opens
// needs one of its own, see CopyTo.
type Authenticator struct {
	tab *Tab
	id  webauthn.AuthenticatorID
	prf PRF
}

// Authenticator gives the page a fingerprint reader that recognises the person.
func (tab *Tab) Authenticator(prf PRF) *Authenticator {
	tab.b.t.Helper()
	options := &webauthn.VirtualAuthenticatorOptions{
		Protocol:                    webauthn.AuthenticatorProtocolCtap2,
		Transport:                   webauthn.AuthenticatorTransportInternal,
		HasResidentKey:              true,
		HasUserVerification:         true,
		IsUserVerified:              true,
		AutomaticPresenceSimulation: true,
	}
	switch prf {
	case PRFAtGet:
		options.Ctap2version, options.HasHmacSecret = webauthn.Ctap2versionCtap21, true
	case PRFAtCreate:
		// With HasHmacSecretMc as well the browser crashes.
		options.HasPrf = true
	}
	if _, err := chromedp.Call(tab.ctx, webauthn.Enable, webauthn.EnableParams{}); err != nil {
		tab.b.t.Fatalf("%s: enable WebAuthn: %v", tab.name, err)
	}
	added, err := chromedp.Call(tab.ctx, webauthn.AddVirtualAuthenticator, webauthn.AddVirtualAuthenticatorParams{Options: options})
	if err != nil {
		tab.b.t.Fatalf("%s: add an authenticator: %v", tab.name, err)
	}
	return &Authenticator{tab: tab, id: added.AuthenticatorID, prf: prf}
}

// WithoutAuthenticator makes the page one of a device without a fingerprint reader.
func (tab *Tab) WithoutAuthenticator() {
	tab.b.t.Helper()
	if _, err := chromedp.Call(tab.ctx, webauthn.Enable, webauthn.EnableParams{}); err != nil {
		tab.b.t.Fatalf("%s: enable WebAuthn: %v", tab.name, err)
	}
}

// Recognise says whether the next finger is the person's. An authenticator with prf
// stays locked after a finger that it did not recognise, as a phone does after too
// many; only PRFNone recognises the person again.
func (a *Authenticator) Recognise(yes bool) {
	a.tab.b.t.Helper()
	_, err := chromedp.Call(a.tab.ctx, webauthn.SetUserVerified, webauthn.SetUserVerifiedParams{AuthenticatorID: a.id, IsUserVerified: yes})
	if err != nil {
		a.tab.b.t.Fatalf("%s: set what the authenticator recognises: %v", a.tab.name, err)
	}
}

// Credentials returns the keys that the authenticator holds.
func (a *Authenticator) Credentials() []*webauthn.Credential {
	a.tab.b.t.Helper()
	held, err := chromedp.Call(a.tab.ctx, webauthn.GetCredentials, webauthn.GetCredentialsParams{AuthenticatorID: a.id})
	if err != nil {
		a.tab.b.t.Fatalf("%s: list the credentials: %v", a.tab.name, err)
	}
	return held.Credentials
}

// CopyTo gives another page of the same phone an authenticator with the same keys. What
// the prf extension returns is not the same there: the browser does not give that
// secret away.
func (a *Authenticator) CopyTo(tab *Tab) *Authenticator {
	a.tab.b.t.Helper()
	twin := tab.Authenticator(a.prf)
	for _, key := range a.Credentials() {
		// By hand: the generated parameters also name an experiment (cmtg), which
		// authenticators without it refuse even when it is not asked for.
		err := chromedp.FromContext(tab.ctx).Target.Call(tab.ctx, webauthn.CommandAddCredential, map[string]any{
			"authenticatorId": twin.id,
			"credential": map[string]any{
				"credentialId": key.CredentialID, "isResidentCredential": key.IsResidentCredential, "rpId": key.RpID,
				"privateKey": key.PrivateKey, "userHandle": key.UserHandle, "signCount": key.SignCount,
			},
		}, nil)
		if err != nil {
			tab.b.t.Fatalf("%s: copy a credential: %v", tab.name, err)
		}
	}
	return twin
}

// Remove takes the authenticator away from the page.
func (a *Authenticator) Remove() {
	a.tab.b.t.Helper()
	_, err := chromedp.Call(a.tab.ctx, webauthn.RemoveVirtualAuthenticator, webauthn.RemoveVirtualAuthenticatorParams{AuthenticatorID: a.id})
	if err != nil {
		a.tab.b.t.Fatalf("%s: remove the authenticator: %v", a.tab.name, err)
	}
}
