// Package credentialtest is a fingerprint reader in software, for tests: it makes one
// WebAuthn credential without attestation and assertions by it, right ones and, when
// told so, wrong ones.
package credentialtest

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"testing"
)

// Flags of the authenticator data (WebAuthn, section 6.1).
const (
	Present        byte = 1 << 0
	Verified       byte = 1 << 2
	BackupEligible byte = 1 << 3
	BackedUp       byte = 1 << 4
	attested       byte = 1 << 6
)

// An Authenticator holds one credential. Its fields may be changed between ceremonies.
type Authenticator struct {
	Origin string // of the page that asks, such as "https://login.example.com"
	RPID   string
	Flags  byte   // Present and Verified unless it is changed
	Count  uint32 // goes up by one with each ceremony; Stuck keeps it
	Stuck  bool
	Type   string // of the client data, "" for the right one
	// Handle is the user handle that assertions name. Create takes it from the options if
	// the credential is discoverable, as those of passkeys are.
	Handle []byte

	t   testing.TB
	key *ecdsa.PrivateKey
	id  []byte
}

// New makes an authenticator whose person is recognised.
func New(t testing.TB, origin, rpID string) *Authenticator {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	id := make([]byte, 32)
	rand.Read(id)
	return &Authenticator{Origin: origin, RPID: rpID, Flags: Present | Verified, t: t, key: key, id: id}
}

// Create answers creation options with a credential: RegistrationResponseJSON.
func (a *Authenticator) Create(options json.RawMessage) json.RawMessage {
	a.t.Helper()
	var asked struct {
		Challenge string `json:"challenge"`
		User      struct {
			ID string `json:"id"`
		} `json:"user"`
		Selection struct {
			ResidentKey string `json:"residentKey"`
		} `json:"authenticatorSelection"`
	}
	if err := json.Unmarshal(options, &asked); err != nil {
		a.t.Fatal(err)
	}
	if asked.Selection.ResidentKey == "required" {
		handle, err := base64.RawURLEncoding.DecodeString(asked.User.ID)
		if err != nil {
			a.t.Fatal(err)
		}
		a.Handle = handle
	}
	point, err := a.key.PublicKey.Bytes()
	if err != nil {
		a.t.Fatal(err)
	}
	// The credential's public key in COSE (RFC 9053, section 7.1.1): EC2, ES256, P-256.
	cose := []byte{0xa5, 0x01, 0x02, 0x03, 0x26, 0x20, 0x01, 0x21, 0x58, 0x20}
	cose = append(append(cose, point[1:33]...), 0x22, 0x58, 0x20)
	cose = append(cose, point[33:]...)
	data := a.authenticatorData(attested)
	data = append(data, make([]byte, 16)...) // AAGUID: none
	data = binary.BigEndian.AppendUint16(data, uint16(len(a.id)))
	data = append(append(data, a.id...), cose...)
	object := append([]byte{0xa3, 0x63}, "fmt"...)
	object = append(append(object, 0x64), "none"...)
	object = append(append(object, 0x67), "attStmt"...)
	object = append(append(object, 0xa0, 0x68), "authData"...)
	object = append(object, 0x59, byte(len(data)>>8), byte(len(data)))
	object = append(object, data...)
	return a.response(map[string]any{
		"clientDataJSON":    b64(a.clientData("webauthn.create", asked.Challenge)),
		"attestationObject": b64(object),
		"transports":        []string{"internal"},
	})
}

// Get signs a challenge: AuthenticationResponseJSON.
func (a *Authenticator) Get(challenge []byte) json.RawMessage {
	a.t.Helper()
	client := a.clientData("webauthn.get", b64(challenge))
	data := a.authenticatorData(0)
	hash := sha256.Sum256(client)
	digest := sha256.Sum256(append(append([]byte{}, data...), hash[:]...))
	signature, err := ecdsa.SignASN1(rand.Reader, a.key, digest[:])
	if err != nil {
		a.t.Fatal(err)
	}
	signed := map[string]any{"clientDataJSON": b64(client), "authenticatorData": b64(data), "signature": b64(signature)}
	if len(a.Handle) > 0 {
		signed["userHandle"] = b64(a.Handle)
	}
	return a.response(signed)
}

// Answer is Get for the challenge in request options.
func (a *Authenticator) Answer(options json.RawMessage) json.RawMessage {
	a.t.Helper()
	var asked struct {
		Challenge string `json:"challenge"`
	}
	if err := json.Unmarshal(options, &asked); err != nil {
		a.t.Fatal(err)
	}
	challenge, err := base64.RawURLEncoding.DecodeString(asked.Challenge)
	if err != nil {
		a.t.Fatal(err)
	}
	return a.Get(challenge)
}

func (a *Authenticator) authenticatorData(extra byte) []byte {
	if !a.Stuck {
		a.Count++
	}
	rp := sha256.Sum256([]byte(a.RPID))
	return binary.BigEndian.AppendUint32(append(rp[:], a.Flags|extra), a.Count)
}

func (a *Authenticator) clientData(kind, challenge string) []byte {
	if a.Type != "" {
		kind = a.Type
	}
	text, err := json.Marshal(map[string]any{"type": kind, "challenge": challenge, "origin": a.Origin, "crossOrigin": false})
	if err != nil {
		a.t.Fatal(err)
	}
	return text
}

func (a *Authenticator) response(response map[string]any) json.RawMessage {
	text, err := json.Marshal(map[string]any{
		"id": b64(a.id), "rawId": b64(a.id), "type": "public-key", "authenticatorAttachment": "platform",
		"response": response, "clientExtensionResults": map[string]any{},
	})
	if err != nil {
		a.t.Fatal(err)
	}
	return text
}

func b64(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }
