package credential

import (
	"encoding/base64"
	"encoding/json"
	"fmt"

	"github.com/go-webauthn/webauthn/protocol"
	"github.com/go-webauthn/webauthn/webauthn"
)

// Use is one assertion that held.
type Use struct {
	Flags     byte
	SignCount uint32
	// Regressed tells that the counter did not go on: the key may have been cloned
	// (WebAuthn, section 6.1.1). Authenticators that do not count never regress.
	Regressed bool

	before uint32
}

// Verify checks AuthenticationResponseJSON by a device's one credential over a
// challenge, with this ceremony's own user verification (WebAuthn, section 7.2). What
// does not hold is ErrWrong.
func (r *RelyingParty) Verify(held Held, challenge, response []byte) (Use, error) {
	party, err := r.open()
	if err != nil {
		return Use{}, err
	}
	var record webauthn.Credential
	if err := json.Unmarshal(held.whole, &record); err != nil {
		return Use{}, fmt.Errorf("read credential: %w", err)
	}
	record.Authenticator.SignCount = held.signCount
	parsed, err := protocol.ParseCredentialRequestResponseBytes(response)
	if err != nil {
		return Use{}, wrong(err)
	}
	// The record's own rp id, since the credential lives and dies with the host that it
	// was made for.
	used, err := party.ValidateLogin(Holder{Handle: held.Handle, Credentials: []webauthn.Credential{record}}, webauthn.SessionData{
		Challenge: base64.RawURLEncoding.EncodeToString(challenge), RelyingPartyID: held.RPID,
		UserID: held.Handle, AllowedCredentialIDs: [][]byte{record.ID}, UserVerification: protocol.VerificationRequired,
	}, parsed)
	if err != nil {
		return Use{}, wrong(err)
	}
	flags := parsed.Response.AuthenticatorData.Flags
	if !flags.HasUserVerified() || !flags.HasUserPresent() { // the library checks it too; nothing rests on it more
		return Use{}, fmt.Errorf("%w: the person was not verified", ErrWrong)
	}
	return Use{
		Flags: byte(flags), SignCount: parsed.Response.AuthenticatorData.Counter,
		Regressed: used.Authenticator.CloneWarning, before: held.signCount,
	}, nil
}
