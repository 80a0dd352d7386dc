package token

import (
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"regexp"
	"time"

	"github.com/nod-idp/nod/idp/claims"
	"github.com/nod-idp/nod/idp/evidence"
	"github.com/nod-idp/nod/internal/audit"
	"github.com/nod-idp/nod/internal/db"
	"github.com/nod-idp/nod/internal/random"
)

// CodeRequest is everything a code is bound to.
type CodeRequest struct {
	LoginID       string // "" when the session alone was enough and no login was stored
	ClientID      string
	UserID        string
	SID           string // the session's SID, not its ID
	RedirectURI   string
	Nonce         string
	CodeChallenge string // S256 (RFC 7636, section 4.2), "" if the client sent none
	Scopes        []string
	Claims        claims.Asked
	Evidence      evidence.Evidence
	// DPoPThumbprint is of the key that alone may redeem the code (RFC 9449, section 10),
	// "" for any or none.
	DPoPThumbprint string
	Resources      []string // where the tokens may be used (RFC 8707)
}

// IssueCodeTx stores a code for a client and returns it. A login leads to one code at
// most: the second time it returns ErrCodeIssued.
func (t *Tokens) IssueCodeTx(tx *db.Tx, r CodeRequest) (code string, err error) {
	if r.LoginID == "" {
		code = random.Token(codePrefix)
	} else {
		code = t.CodeFor(r.LoginID)
	}
	now := t.now()
	if err := t.insertCode(tx, r, code, now); err != nil {
		return "", fmt.Errorf("issue code: %w", err)
	}
	if err := t.Sessions.JoinTx(tx, r.SID, r.ClientID); err != nil {
		return "", fmt.Errorf("issue code: %w", err)
	}
	return code, audit.Record(tx, audit.Entry{
		At: now, Action: "token.code.issued", Subject: r.LoginID, User: r.UserID, Client: r.ClientID,
		Detail: map[string]any{"sid": r.SID, "scopes": r.Scopes},
	})
}

// CodeFor returns the code that a stored login leads to. It is derived from the login
// with a key that is sealed, so that the page which forwards the browser can be shown
// again although only the code's hash is stored. It says nothing about whether the
// code was issued, has expired or was used.
func (t *Tokens) CodeFor(loginID string) string {
	return random.Encode(codePrefix, t.Box.MAC("code", loginID))
}

// verifierForm is what RFC 7636, section 4.1, allows.
var verifierForm = regexp.MustCompile(`^[A-Za-z0-9._~-]{43,128}$`)

// challengeOf returns the challenge that a verifier answers. That no verifier answers
// no challenge, and only that, is what keeps a stolen request from being downgraded
// (RFC 9700, section 4.8.2).
func challengeOf(verifier string) (challenge string, wellFormed bool) {
	if verifier == "" {
		return "", true
	}
	sum := sha256.Sum256([]byte(verifier))
	return base64.RawURLEncoding.EncodeToString(sum[:]), verifierForm.MatchString(verifier)
}

// codeKept is how long a code is remembered after it expired, so that a late second
// redemption still revokes what the first one gave.
const codeKept = 24 * time.Hour
