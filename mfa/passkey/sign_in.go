package passkey

import (
	"bytes"
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/go-webauthn/webauthn/protocol"
	"github.com/go-webauthn/webauthn/webauthn"

	"github.com/nod-idp/nod/devices/credential"
	"github.com/nod-idp/nod/internal/audit"
	"github.com/nod-idp/nod/internal/db"
)

// RequestOptions are what the browser asks for a passkey with
// (PublicKeyCredentialRequestOptionsJSON; WebAuthn, section 5.1.9), for one step of one
// login: any passkey of the person, or, while nobody knows who it is, whichever passkey
// the authenticator holds.
func (p *Passkeys) RequestOptions(ctx context.Context, userID, forWhat string) (json.RawMessage, error) {
	party, err := p.open()
	if err != nil {
		return nil, err
	}
	var allowed []protocol.CredentialDescriptor
	if userID != "" {
		held, err := p.here(ctx, userID)
		if err != nil {
			return nil, fmt.Errorf("ask for a passkey: %w", err)
		}
		if len(held) == 0 { // an empty list would ask for anybody's
			return nil, ErrNotFound
		}
		allowed = descriptors(held)
	}
	asked, _, err := party.BeginDiscoverableLogin(
		webauthn.WithChallenge(p.challenge(signIn, forWhat)), webauthn.WithAllowedCredentials(allowed),
		webauthn.WithUserVerification(protocol.VerificationRequired),
	)
	if err != nil {
		return nil, fmt.Errorf("ask for a passkey: %w", err)
	}
	options, err := json.Marshal(asked.Response)
	if err != nil {
		return nil, fmt.Errorf("ask for a passkey: %w", err)
	}
	return options, nil
}

func descriptors(held []Passkey) []protocol.CredentialDescriptor {
	list := make([]protocol.CredentialDescriptor, len(held))
	for i, k := range held {
		list[i] = protocol.CredentialDescriptor{Type: protocol.PublicKeyCredentialType, CredentialID: k.credential}
	}
	return list
}

// Claim is an assertion that was read and not verified.
type Claim struct {
	// UserID is whose passkey it says to be by, "" if there is no such passkey.
	UserID string
	// Account is what wrong ones are counted under: the person, or the unknown passkey.
	Account string

	passkey Passkey
	parsed  *protocol.ParsedCredentialAssertionData
}

// Claim reads AuthenticationResponseJSON and finds the passkey that it names. What
// cannot be read is a claim too, one that never holds.
func (p *Passkeys) Claim(ctx context.Context, response []byte) (Claim, error) {
	var c Claim
	parsed, err := protocol.ParseCredentialRequestResponseBytes(response)
	if err == nil {
		c.parsed = parsed
		c.passkey, err = p.byCredential(ctx, parsed.RawID)
		if err == nil {
			c.UserID, c.Account = c.passkey.UserID, c.passkey.UserID
			return c, nil
		}
		if !errors.Is(err, ErrNotFound) {
			return Claim{}, fmt.Errorf("look for a passkey: %w", err)
		}
	}
	var id []byte
	if parsed != nil {
		id = parsed.RawID
	}
	c.Account = "passkey:" + hex.EncodeToString(p.Box.MAC("unknown-passkey", string(id)))
	return c, nil
}

// Use is an assertion that holds. It is noted in the transaction that honours it.
type Use struct {
	Passkey Passkey
	// Regressed tells that the counter did not go on: the key may have been cloned
	// (WebAuthn, section 6.1.1). Authenticators that do not count never regress.
	Regressed bool

	flags     byte
	signCount uint32
}

// Verify checks a claim for the step that the options were made for (WebAuthn, section
// 7.2), with this ceremony's own user verification. userID is whose passkey it has to be;
// with "" the authenticator has to name its person itself. What does not hold is ErrWrong.
func (p *Passkeys) Verify(c Claim, userID, forWhat string) (Use, error) {
	party, err := p.open()
	switch {
	case err != nil:
		return Use{}, err
	case c.parsed == nil:
		return Use{}, fmt.Errorf("%w: it cannot be read", ErrWrong)
	case c.UserID == "":
		return Use{}, fmt.Errorf("%w: nobody has this passkey", ErrWrong)
	case userID != "" && userID != c.UserID:
		return Use{}, fmt.Errorf("%w: it is another person's", ErrWrong)
	}
	handle := c.parsed.Response.UserHandle
	if (userID == "" || len(handle) > 0) && !bytes.Equal(handle, c.passkey.handle) {
		return Use{}, fmt.Errorf("%w: it names another person", ErrWrong)
	}
	challenge := c.parsed.Response.CollectedClientData.Challenge
	if _, _, err := p.stands(signIn, forWhat, challenge); err != nil {
		return Use{}, err
	}
	record, err := p.record(c.passkey)
	if err != nil {
		return Use{}, err
	}
	// The record's own rp id, since a passkey lives and dies with the host that it was
	// made for.
	used, err := party.ValidateLogin(credential.Holder{Handle: c.passkey.handle, Credentials: []webauthn.Credential{record}}, webauthn.SessionData{
		Challenge: challenge, RelyingPartyID: c.passkey.RPID, UserID: c.passkey.handle,
		AllowedCredentialIDs: [][]byte{record.ID}, UserVerification: protocol.VerificationRequired,
	}, c.parsed)
	if err != nil {
		return Use{}, wrong(err)
	}
	data := c.parsed.Response.AuthenticatorData
	if !data.Flags.HasUserVerified() || !data.Flags.HasUserPresent() { // the library checks it too; nothing rests on it more
		return Use{}, fmt.Errorf("%w: the person was not verified", ErrWrong)
	}
	return Use{Passkey: c.passkey, Regressed: used.Authenticator.CloneWarning, flags: byte(data.Flags), signCount: data.Counter}, nil
}

// record is the library's own record of a passkey.
func (p *Passkeys) record(k Passkey) (record webauthn.Credential, err error) {
	whole, err := p.Box.Open(place(k.ID), k.sealed)
	if err != nil {
		return record, fmt.Errorf("open a passkey: %w", err)
	}
	if err := json.Unmarshal(whole, &record); err != nil {
		return record, fmt.Errorf("read a passkey: %w", err)
	}
	record.Authenticator.SignCount = k.signCount
	return record, nil
}

// UsedTx notes an assertion that is honoured. It returns ErrWrong if the passkey was
// removed meanwhile. A counter that did not go on is told in the journal: without
// attestation it proves nothing, and stops nobody.
func (p *Passkeys) UsedTx(tx *db.Tx, u Use) error {
	now := p.now()
	if err := useTx(tx, u, now); err != nil {
		return err
	}
	if !u.Regressed {
		return nil
	}
	return audit.Record(tx, audit.Entry{
		At: now, Action: "passkey.regressed", Subject: u.Passkey.ID, User: u.Passkey.UserID,
		Detail: map[string]any{"name": u.Passkey.Name, "sign_count": u.signCount},
	})
}

// Methods are the amr values (RFC 8176) that a passkey earns: a key was proved to be
// held, and its person verified. The key counts as software unless attested otherwise,
// and attestation is not asked for.
func Methods() []string { return []string{"pop", "swk", "user"} }
