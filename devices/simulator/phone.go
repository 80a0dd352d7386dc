// Package simulator is a phone in software: a device that enrols by a link, learns
// of sign-in requests, and approves, denies or reports them, as a person with a
// terminal or a test tells it to. It is the client side only and speaks to a server
// through devices/protocol, as an app on a real phone would.
//
// It owns the file in which a terminal keeps its phones. It never stores a PIN, nor
// the server's half of one; what a file holds of the PIN path is worthless without
// both. The key, though, is as safe as the file, so a server records such a device
// as software and may refuse it.
//
// Words: a phone is one account on this installation, which the server calls a
// device; a store holds several phones.
package simulator

import (
	"crypto/ecdsa"
	"errors"
	"net/http"
	"sync"
	"time"

	"github.com/nod-idp/nod/devices/otp"
	"github.com/nod-idp/nod/devices/protocol"
)

// Phone is one enrolled account. It is safe for concurrent use.
type Phone struct {
	mu     sync.Mutex // guards signer and record.Status
	signer protocol.Signer
	record record
	client *http.Client
	now    func() time.Time
}

// record is what a phone has to remember.
type record struct {
	Server       string                `json:"server"` // where requests go
	Issuer       string                `json:"issuer"` // what approvals name
	DeviceID     string                `json:"device_id"`
	Name         string                `json:"name"`
	Account      protocol.Account      `json:"account"`
	Verification protocol.Verification `json:"verification"`
	Status       protocol.EnrolState   `json:"status"`
	Key          protocol.Bytes        `json:"key"` // PKCS #8
	PushSecret   protocol.Bytes        `json:"push_secret"`
	TypedSecret  protocol.Bytes        `json:"typed_secret"`
	PIN          *protocol.PINSeal     `json:"pin,omitempty"`
	OffsetMS     int64                 `json:"clock_offset_ms"`
}

// What a phone needs of its person before it can approve.
var (
	// ErrNumberNeeded: the login page shows a number, which has to be typed here.
	ErrNumberNeeded = errors.New("the number on the login page is needed")
	// ErrPINNeeded: this device was enrolled with a PIN.
	ErrPINNeeded = errors.New("the PIN of this device is needed")
)

// ID is what the server calls this device.
func (p *Phone) ID() string { return p.record.DeviceID }

// Name is what the person calls it.
func (p *Phone) Name() string { return p.record.Name }

// Server is the public URL of the server.
func (p *Phone) Server() string { return p.record.Server }

// Account is the person that it answers for.
func (p *Phone) Account() protocol.Account { return p.record.Account }

// Verification is what the device demands of its person.
func (p *Phone) Verification() protocol.Verification { return p.record.Verification }

// Status is where the enrolment stood when the server was last asked.
func (p *Phone) Status() protocol.EnrolState {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.record.Status
}

// Offset is how far the server's clock is ahead of this one, as far as is known.
func (p *Phone) Offset() time.Duration {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.signer.Offset
}

// Fingerprint is what the person compares with the browser.
func (p *Phone) Fingerprint() string {
	text, err := protocol.Fingerprint(&p.signer.Key.PublicKey)
	if err != nil {
		return ""
	}
	return text
}

// TypedPasscode is the passcode to type where no request can reach the phone.
func (p *Phone) TypedPasscode() (string, error) {
	return otp.TOTP{}.Code(p.record.TypedSecret, p.now().Add(p.Offset()))
}

// newPhone gives a record its working parts.
func newPhone(r record, key *ecdsa.PrivateKey, client *http.Client, now func() time.Time) *Phone {
	if now == nil {
		now = time.Now
	}
	return &Phone{
		record: r, client: quiet(client), now: now,
		signer: protocol.Signer{
			Key: key, DeviceID: r.DeviceID, PublicURL: r.Server, Offset: time.Duration(r.OffsetMS) * time.Millisecond,
		},
	}
}

// quiet returns the client in a form that follows no redirects: a signed request
// is for one address.
func quiet(client *http.Client) *http.Client {
	c := http.Client{}
	if client != nil {
		c = *client
	}
	c.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return &c
}
