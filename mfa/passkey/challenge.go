package passkey

import (
	"crypto/hmac"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"strconv"
	"time"

	"github.com/nod-idp/nod/internal/random"
)

// ChallengeLife is how long a ceremony may take.
const ChallengeLife = 5 * time.Minute

// A challenge is nonce ‖ expiry in milliseconds ‖ MAC. Pages are fetched, and fetching
// changes nothing, so no challenge is stored: it proves by itself that it was made here,
// for what and until when. That it works once is seen to where it is honoured: a login
// moves on, and a registration uses its challenge up.
const (
	nonceBytes     = 16
	expiryBytes    = 8
	macBytes       = 32
	challengeBytes = nonceBytes + expiryBytes + macBytes
)

// purpose is which of the two ceremonies a challenge belongs to.
type purpose string

// The ceremonies.
const (
	signIn   purpose = "sign in"
	register purpose = "register"
)

// challenge makes one for a purpose and for one thing, which nobody else can name.
func (p *Passkeys) challenge(what purpose, forWhat string) []byte {
	open := random.Bytes(nonceBytes)
	open = binary.BigEndian.AppendUint64(open, uint64(p.now().Add(ChallengeLife).UnixMilli()))
	return append(open, p.challengeMAC(what, forWhat, open)...)
}

func (p *Passkeys) challengeMAC(what purpose, forWhat string, open []byte) []byte {
	return p.Box.MAC("passkey-challenge", string(what), forWhat, strconv.FormatInt(p.Epoch, 10), string(open))
}

// stands checks the challenge that an answer names, and returns it with its end.
func (p *Passkeys) stands(what purpose, forWhat, answered string) (challenge []byte, until time.Time, err error) {
	challenge, err = base64.RawURLEncoding.Strict().DecodeString(answered)
	if err != nil || len(challenge) != challengeBytes {
		return nil, until, fmt.Errorf("%w: its challenge was not made here", ErrWrong)
	}
	open, mac := challenge[:nonceBytes+expiryBytes], challenge[nonceBytes+expiryBytes:]
	if !hmac.Equal(mac, p.challengeMAC(what, forWhat, open)) {
		return nil, until, fmt.Errorf("%w: its challenge was made for something else", ErrWrong)
	}
	until = time.UnixMilli(int64(binary.BigEndian.Uint64(open[nonceBytes:])))
	if !p.now().Before(until) {
		return nil, until, fmt.Errorf("%w: its challenge has expired", ErrWrong)
	}
	return challenge, until, nil
}
