package simulator

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/nod-idp/nod/devices/otp"
	"github.com/nod-idp/nod/devices/protocol"
	"github.com/nod-idp/nod/internal/pause"
)

// Options are how a phone is enrolled.
type Options struct {
	Name       string           // "" means "Software device"
	PIN        string           // 4 to 12 digits; "" enrols without
	HTTPClient *http.Client     // nil means one of its own
	Now        func() time.Time // nil means time.Now
}

// Enroll makes a key, uses up the link with it and proves the first passcode. The
// phone it returns is active, or waits for its person to confirm it in a browser:
// Status says which.
func Enroll(ctx context.Context, linkURL string, o Options) (*Phone, error) {
	link, err := ParseLink(linkURL)
	if err != nil {
		return nil, err
	}
	if o.Name == "" {
		o.Name = "Software device"
	}
	begin := protocol.EnrolBegin{Token: link.Token, Name: o.Name, Kind: protocol.KindSoftware, Wants: protocol.VerifyPlain}
	if o.PIN != "" {
		begin.Wants = protocol.VerifyPIN
		if err := protocol.ValidPIN(o.PIN); err != nil {
			return nil, err
		}
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("make key: %w", err)
	}
	p := newPhone(record{Server: link.PublicURL, Name: o.Name}, key, o.HTTPClient, o.Now)
	var begun protocol.EnrolBegun
	if err := p.call(ctx, protocol.VerbEnrolBegin, begin, &begun); err != nil {
		return nil, err
	}
	half, err := p.take(begun, begin.Wants, o.PIN)
	if err != nil {
		return nil, err
	}
	return p, p.prove(ctx, begun.Question, o.PIN, half)
}

// take keeps what the server handed out and returns the one thing that is used and
// forgotten: its half of the PIN path.
func (p *Phone) take(begun protocol.EnrolBegun, wants protocol.Verification, pin string) (half []byte, err error) {
	switch {
	case begun.DeviceID == "" || len(begun.PushSecret) < otp.MinSecret || len(begun.TypedSecret) < otp.MinSecret:
		return nil, errors.New("enrol: the server handed out no secrets")
	case begun.Verification != wants:
		return nil, fmt.Errorf("enrol: the server wants %q, this device offered %q", begun.Verification, wants)
	case begun.Fingerprint != p.Fingerprint():
		return nil, errors.New("enrol: the server has seen another key than this one; somebody sits in between")
	}
	pkcs8, err := x509.MarshalPKCS8PrivateKey(p.signer.Key)
	if err != nil {
		return nil, fmt.Errorf("enrol: %w", err)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	r := &p.record
	r.Issuer, r.DeviceID, r.Account, r.Verification = begun.Issuer, begun.DeviceID, begun.Account, begun.Verification
	r.Key, r.PushSecret, r.TypedSecret = pkcs8, begun.PushSecret, begun.TypedSecret
	p.signer.DeviceID = begun.DeviceID
	if wants != protocol.VerifyPIN {
		return nil, nil
	}
	sealed, err := protocol.SealPIN(begun.PINSecret, pin, begun.PINSalt, begun.PINHalf, begun.PINIterations)
	if err != nil {
		return nil, fmt.Errorf("enrol: %w", err)
	}
	r.PIN = &sealed
	return begun.PINHalf, nil
}

func (p *Phone) prove(ctx context.Context, question []byte, pin string, half []byte) error {
	passcode, err := p.passcode(question, pin, half)
	if err != nil {
		return fmt.Errorf("enrol: %w", err)
	}
	return p.status(ctx, protocol.VerbEnrolProve, protocol.EnrolProve{Passcode: passcode})
}

// passcode answers a question by the one path that this device has.
func (p *Phone) passcode(question []byte, pin string, half []byte) (string, error) {
	secret := []byte(p.record.PushSecret)
	if p.record.PIN != nil {
		var err error
		if secret, err = protocol.OpenPIN(*p.record.PIN, pin, half); err != nil {
			return "", err
		}
	}
	return otp.PushPasscode(secret, question)
}

func (p *Phone) status(ctx context.Context, verb string, message any) error {
	var status protocol.EnrolStatus
	if err := p.call(ctx, verb, message, &status); err != nil {
		return err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.record.Status = status.State
	return nil
}

// Why an enrolment came to nothing.
var (
	ErrRefused = errors.New("the enrolment was refused")
	ErrTooLate = errors.New("the enrolment was not confirmed in time")
)

const confirmPoll = 2 * time.Second

// AwaitConfirmation returns once the person has confirmed this device in the
// browser, ErrRefused or ErrTooLate if it will never be.
func (p *Phone) AwaitConfirmation(ctx context.Context) error {
	for {
		if settled, err := p.settled(); settled {
			return err
		}
		err := p.status(ctx, protocol.VerbEnrolStatus, protocol.Empty{})
		if final(err) || ctx.Err() != nil {
			return errors.Join(err, ctx.Err())
		}
		if settled, err := p.settled(); settled {
			return err
		}
		if err := pause.For(ctx, confirmPoll); err != nil {
			return err
		}
	}
}

func (p *Phone) settled() (bool, error) {
	switch p.Status() {
	case protocol.EnrolStateActive:
		return true, nil
	case protocol.EnrolStateRefused:
		return true, ErrRefused
	case protocol.EnrolStateExpired:
		return true, ErrTooLate
	}
	return false, nil
}
