package protocol

import (
	"crypto/sha256"
	"encoding/binary"
	"strconv"
)

// Approval is everything an answer commits to.
type Approval struct {
	Issuer    string  `json:"issuer"`
	Challenge string  `json:"challenge"`
	Nonce     string  `json:"nonce"`
	Account   string  `json:"account"`
	Device    string  `json:"device"`
	Client    string  `json:"client"`
	Context   Context `json:"context"`
	// Number is the match number as the person typed it.
	Number  string  `json:"number"`
	Verdict Verdict `json:"verdict"`
	Expires Time    `json:"expires"`
}

const (
	approvalDomain = "nod-approve-v1"
	questionDomain = "nod-question-v1"
)

// Approval builds what an answer to this request commits to. The device and
// the server both do, each from the request as it knows it.
func (r Request) Approval(issuer, device, number string, verdict Verdict) Approval {
	return Approval{
		Issuer: issuer, Challenge: r.ID, Nonce: r.Nonce, Account: r.Account, Device: device,
		Client: r.Client.ID, Context: r.Context, Number: number, Verdict: verdict, Expires: r.ExpiresAt,
	}
}

// ApprovalHash is what a WebAuthn assertion signs as its challenge:
// SHA-256("nod-approve-v1" ‖ a.Canonical()).
func ApprovalHash(a Approval) [sha256.Size]byte {
	return sha256.Sum256(append([]byte(approvalDomain), a.Canonical()...))
}

// Question is what the push passcode answers: SHA-256("nod-question-v1" ‖ the
// canonical encoding without the number and with the verdict approve). The
// number is left out so that a mistyped number does not look like a wrong PIN;
// the verdict is fixed because only an approval carries a passcode.
func Question(a Approval) [sha256.Size]byte {
	a.Verdict = Approve
	return sha256.Sum256(append([]byte(questionDomain), a.encode(false)...))
}

// Canonical returns the canonical encoding: the fields in the order of the
// struct, the context as one field that holds its own canonical encoding.
func (a Approval) Canonical() []byte { return a.encode(true) }

func (a Approval) encode(withNumber bool) []byte {
	fields := []string{
		a.Issuer, a.Challenge, a.Nonce, a.Account, a.Device, a.Client, string(a.Context.Canonical()),
	}
	if withNumber {
		fields = append(fields, a.Number)
	}
	return Canonical(append(fields, string(a.Verdict), a.Expires.millis())...)
}

// Canonical returns the canonical encoding of the context. A message is a field more: a
// device that does not know of it encodes something else, and cannot approve what it did
// not show.
func (c Context) Canonical() []byte {
	fields := []string{c.ClientName, c.IP, c.Place, c.Browser, c.OS, c.At.millis()}
	if c.Message != "" {
		fields = append(fields, c.Message)
	}
	return Canonical(fields...)
}

// Canonical encodes a sequence of texts: each as its length in bytes, four
// bytes big-endian, and then its UTF-8 bytes. The lengths make two different
// sequences of the same count differ wherever the texts are cut.
func Canonical(fields ...string) []byte {
	var encoded []byte
	for _, field := range fields {
		encoded = binary.BigEndian.AppendUint32(encoded, uint32(len(field)))
		encoded = append(encoded, field...)
	}
	return encoded
}

// millis is the canonical form of a time: decimal milliseconds since 1970.
func (t Time) millis() string { return strconv.FormatInt(t.UnixMilli(), 10) }
