package credential

import (
	"encoding/base64"
	"encoding/json"
	"fmt"

	"github.com/go-webauthn/webauthn/protocol"
	"github.com/go-webauthn/webauthn/webauthn"
)

// Subject is whom a credential is made for, as the authenticator shows it.
type Subject struct {
	Handle      []byte // HandleSize random bytes
	Name        string
	DisplayName string
}

// Record is a credential as it was registered (WebAuthn, section 4, credential record).
type Record struct {
	ID        []byte
	Flags     byte   // of the authenticator data, as they came
	SignCount uint32 // 0 for authenticators that do not count
	// BackupEligible tells that the key may leave the device by the maker's cloud. Such a
	// key never counts as hardware.
	BackupEligible bool

	whole []byte // the library's own record, with the attestation
}

// Options are what the browser makes the credential with:
// PublicKeyCredentialCreationOptionsJSON (WebAuthn, section 5.1.8).
func (r *RelyingParty) Options(s Subject, challenge []byte) (json.RawMessage, error) {
	party, err := r.open()
	if err != nil {
		return nil, err
	}
	creation, _, err := party.BeginRegistration(
		Holder{Handle: s.Handle, Name: s.Name, DisplayName: s.DisplayName},
		func(o *protocol.PublicKeyCredentialCreationOptions) error {
			o.Challenge = challenge
			return nil
		},
	)
	if err != nil {
		return nil, fmt.Errorf("make creation options: %w", err)
	}
	options, err := json.Marshal(creation.Response)
	if err != nil {
		return nil, fmt.Errorf("write creation options: %w", err)
	}
	return options, nil
}

// Register verifies RegistrationResponseJSON against the challenge that the options
// held (WebAuthn, section 7.1). What does not hold is ErrWrong.
func (r *RelyingParty) Register(s Subject, challenge, response []byte) (Record, error) {
	party, err := r.open()
	if err != nil {
		return Record{}, err
	}
	parsed, err := protocol.ParseCredentialCreationResponseBytes(response)
	if err != nil {
		return Record{}, wrong(err)
	}
	made, err := party.CreateCredential(Holder{Handle: s.Handle}, webauthn.SessionData{
		Challenge: base64.RawURLEncoding.EncodeToString(challenge), RelyingPartyID: party.Config.RPID,
		UserID: s.Handle, UserVerification: protocol.VerificationRequired,
		CredParams: webauthn.CredentialParametersDefault(),
	}, parsed)
	if err != nil {
		return Record{}, wrong(err)
	}
	whole, err := json.Marshal(made)
	if err != nil {
		return Record{}, fmt.Errorf("keep credential: %w", err)
	}
	flags := parsed.Response.AttestationObject.AuthData.Flags
	return Record{
		ID: made.ID, Flags: byte(flags), SignCount: made.Authenticator.SignCount,
		BackupEligible: flags.HasBackupEligible(), whole: whole,
	}, nil
}

// wrong keeps what the library found for the log: its texts hold no secrets.
func wrong(err error) error {
	if detail, ok := err.(*protocol.Error); ok {
		return fmt.Errorf("%w: %s: %s", ErrWrong, detail.Details, detail.DevInfo)
	}
	return fmt.Errorf("%w: %w", ErrWrong, err)
}
