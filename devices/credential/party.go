package credential

import (
	"cmp"
	"fmt"
	"net"
	"net/url"

	"github.com/go-webauthn/webauthn/protocol"
	"github.com/go-webauthn/webauthn/webauthn"
)

// Party prepares the library for this installation and one kind of credential, which
// choice describes. organisation is what authenticators show; "" means nod. It returns
// ErrNoName where browsers refuse WebAuthn because the public URL's host is an address.
func Party(publicURL, organisation string, choice protocol.AuthenticatorSelection) (*webauthn.WebAuthn, error) {
	id, origin, err := host(publicURL)
	if err != nil {
		return nil, err
	}
	choice.UserVerification = protocol.VerificationRequired
	party, err := webauthn.New(&webauthn.Config{
		RPID: id, RPDisplayName: cmp.Or(organisation, "nod"), RPOrigins: []string{origin},
		AttestationPreference: protocol.PreferNoAttestation, AuthenticatorSelection: choice,
	})
	if err != nil {
		return nil, fmt.Errorf("prepare WebAuthn: %w", err)
	}
	return party, nil
}

// Holder is whoever holds credentials, as the library wants to see a user.
type Holder struct {
	Handle      []byte
	Name        string
	DisplayName string
	Credentials []webauthn.Credential
}

// WebAuthnID returns the user handle.
func (h Holder) WebAuthnID() []byte { return h.Handle }

// WebAuthnName returns the name of the account.
func (h Holder) WebAuthnName() string { return h.Name }

// WebAuthnDisplayName returns the name to show.
func (h Holder) WebAuthnDisplayName() string { return h.DisplayName }

// WebAuthnCredentials returns the credentials.
func (h Holder) WebAuthnCredentials() []webauthn.Credential { return h.Credentials }

// host returns what authenticators know an installation by, the host of its public URL,
// and the one origin that its ceremonies come from. It returns ErrNoName where the host
// is an address.
func host(publicURL string) (rpID, origin string, err error) {
	u, err := url.Parse(publicURL)
	if err != nil || u.Host == "" {
		return "", "", fmt.Errorf("public URL %q has no host", publicURL)
	}
	if net.ParseIP(u.Hostname()) != nil {
		return "", "", ErrNoName
	}
	return u.Hostname(), u.Scheme + "://" + u.Host, nil
}
