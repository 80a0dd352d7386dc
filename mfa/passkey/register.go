package passkey

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/go-webauthn/webauthn/protocol"
	"github.com/go-webauthn/webauthn/webauthn"

	"github.com/nod-idp/nod/devices/credential"
	"github.com/nod-idp/nod/internal/audit"
	"github.com/nod-idp/nod/internal/db"
	"github.com/nod-idp/nod/internal/random"
)

// Person is whom a passkey is made for, as the authenticator shows them.
type Person struct {
	UserID      string
	Name        string
	DisplayName string
}

// Made is a passkey that was verified and is yet to be kept.
type Made struct {
	passkey   Passkey
	whole     []byte // the library's own record, with the attestation
	flags     byte
	challenge string
	until     time.Time
}

// CreationOptions are what the browser makes a passkey with
// (PublicKeyCredentialCreationOptionsJSON; WebAuthn, section 5.1.8), for one session of
// the person. Authenticators that hold one of theirs already are left out.
func (p *Passkeys) CreationOptions(ctx context.Context, who Person, sessionID string) (json.RawMessage, error) {
	party, err := p.open()
	if err != nil {
		return nil, err
	}
	held, err := p.here(ctx, who.UserID)
	if err != nil {
		return nil, fmt.Errorf("offer to make a passkey: %w", err)
	}
	creation, _, err := party.BeginRegistration(
		credential.Holder{Handle: p.handleOf(who.UserID), Name: who.Name, DisplayName: who.DisplayName},
		webauthn.WithExclusions(descriptors(held)),
		func(o *protocol.PublicKeyCredentialCreationOptions) error {
			o.Challenge = p.challenge(register, sessionID)
			return nil
		},
	)
	if err != nil {
		return nil, fmt.Errorf("offer to make a passkey: %w", err)
	}
	options, err := json.Marshal(creation.Response)
	if err != nil {
		return nil, fmt.Errorf("offer to make a passkey: %w", err)
	}
	return options, nil
}

// Register verifies RegistrationResponseJSON for the session that the options were made
// for (WebAuthn, section 7.1). What does not hold is ErrWrong, a name that cannot be used
// ErrBadName.
func (p *Passkeys) Register(who Person, sessionID, name string, response []byte) (Made, error) {
	party, err := p.open()
	if err != nil {
		return Made{}, err
	}
	if name, err = clean(name); err != nil {
		return Made{}, err
	}
	parsed, err := protocol.ParseCredentialCreationResponseBytes(response)
	if err != nil {
		return Made{}, wrong(err)
	}
	challenge := parsed.Response.CollectedClientData.Challenge
	_, until, err := p.stands(register, sessionID, challenge)
	if err != nil {
		return Made{}, err
	}
	handle := p.handleOf(who.UserID)
	made, err := party.CreateCredential(credential.Holder{Handle: handle}, webauthn.SessionData{
		Challenge: challenge, RelyingPartyID: party.Config.RPID, UserID: handle,
		UserVerification: protocol.VerificationRequired, CredParams: webauthn.CredentialParametersDefault(),
	}, parsed)
	if err != nil {
		return Made{}, wrong(err)
	}
	whole, err := json.Marshal(made)
	if err != nil {
		return Made{}, fmt.Errorf("register a passkey: %w", err)
	}
	flags := parsed.Response.AttestationObject.AuthData.Flags
	return Made{
		passkey: Passkey{
			ID: random.ID("pky"), UserID: who.UserID, RPID: party.Config.RPID, Name: name, BackupEligible: flags.HasBackupEligible(),
			CreatedAt: p.now(), handle: handle, credential: made.ID, signCount: made.Authenticator.SignCount,
		},
		whole: whole, flags: byte(flags), challenge: challenge, until: until,
	}, nil
}

// AddTx keeps a passkey that was made, once: ErrRegistered if it is known, whoever has
// it, or if its ceremony was used before.
func (p *Passkeys) AddTx(tx *db.Tx, m Made) (Passkey, error) {
	if err := m.onceTx(tx); err != nil {
		return Passkey{}, err
	}
	if err := p.insertTx(tx, m); err != nil {
		return Passkey{}, err
	}
	k := m.passkey
	return k, audit.Record(tx, audit.Entry{
		At: k.CreatedAt, Action: "passkey.added", Subject: k.ID, User: k.UserID,
		Detail: map[string]any{"name": k.Name, "synced": k.BackupEligible},
	})
}
