package devices

import (
	"context"
	"crypto/ecdsa"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/nod-idp/nod/devices/credential"
	"github.com/nod-idp/nod/devices/protocol"
	"github.com/nod-idp/nod/internal/audit"
	"github.com/nod-idp/nod/internal/db"
)

// Incoming is a device's request as it arrived: one POST to the path of a verb.
type Incoming struct {
	Verb  string
	Proof string // the one DPoP header
	Body  []byte
}

// Authenticate finds out which device sent a request and uses up its proof. It
// returns the device and the message, to be decoded by protocol.Decode. A device
// that is still enrolling gets through for the verbs of enrolment, and for no
// other. Refusals are protocol errors.
func (s *Devices) Authenticate(ctx context.Context, in Incoming) (Device, []byte, error) {
	request, err := protocol.ParseRequest(in.Verb, in.Body)
	if err != nil {
		return Device{}, nil, err
	}
	d, err := s.readDevice(ctx, request.DeviceID)
	if errors.Is(err, ErrNotFound) {
		return Device{}, nil, refuse(protocol.ErrUnknownDevice, "There is no such device.")
	}
	if err != nil {
		return Device{}, nil, fmt.Errorf("authenticate device: %w", err)
	}
	key, err := d.key()
	if err != nil {
		return Device{}, nil, fmt.Errorf("authenticate device %s: %w", d.ID, err)
	}
	message, proof, err := s.verify(request, key, in.Proof)
	if err != nil {
		return Device{}, nil, errors.Join(err, s.noteRefusal(ctx, d, err))
	}
	if err := s.DB.Write(ctx, func(tx *db.Tx) error {
		if err := useUp(tx, proof); err != nil {
			return err
		}
		return seeDevice(tx, d.ID, s.now())
	}); err != nil {
		return Device{}, nil, errors.Join(err, s.noteRefusal(ctx, d, err))
	}
	// The state is looked at last: only the device itself is told about it.
	return d, message, d.admits(in.Verb)
}

// Nonce is the DPoP-Nonce for a device whose clock was refused. It holds the
// server's time.
func (s *Devices) Nonce() string {
	if s.prepare() != nil {
		return ""
	}
	return s.verifier.Nonce(s.now())
}

func (s *Devices) verify(r *protocol.SignedRequest, key *ecdsa.PublicKey, proof string) ([]byte, protocol.Proof, error) {
	if err := s.prepare(); err != nil {
		return nil, protocol.Proof{}, err
	}
	return s.verifier.Verify(r, key, proof, s.now())
}

func (s *Devices) prepare() error {
	s.once.Do(func() {
		s.party = &credential.RelyingParty{PublicURL: s.PublicURL, Name: s.Organisation}
		s.verifier, s.faulty = protocol.NewVerifier(s.PublicURL, s.Box.Subkey("dpop-nonce"))
	})
	return s.faulty
}

// useUp makes a proof worthless on every node, until it is too old anyway.
func useUp(tx *db.Tx, p protocol.Proof) error {
	// A second more than the proof lives, for the rounding of its clock to seconds.
	err := tx.Once("dpop", p.Thumbprint+":"+p.ID, p.Expires.Add(time.Second))
	if errors.Is(err, db.ErrReplayed) {
		return refuse(protocol.ErrReplayed, "This request was sent before.")
	}
	return err
}

// admits says whether a device in this state may use the verb.
func (d Device) admits(verb string) error {
	ofEnrolment := slices.Contains([]string{
		protocol.VerbEnrolCredential, protocol.VerbEnrolProve, protocol.VerbEnrolStatus, protocol.VerbSubscribe,
	}, verb)
	switch {
	case d.State == Active, d.State == Enrolling && ofEnrolment:
		return nil
	case d.State == Enrolling:
		return refuse(protocol.ErrInvalidRequest, "The enrolment of this device is not finished.")
	case d.State == Suspended:
		return refuse(protocol.ErrDeviceSuspended, "This device is disabled.")
	case d.ActivatedAt.IsZero() && verb == protocol.VerbEnrolStatus:
		return nil // it never became active and may learn why
	}
	return refuse(protocol.ErrUnknownDevice, "This device was removed.")
}

// noteRefusal records a request that claims to be a device's and is not, since
// somebody has its id and not its key. A wrong clock is no such sign.
func (s *Devices) noteRefusal(ctx context.Context, d Device, reason error) error {
	var code protocol.Code
	if !errors.As(reason, &code) || code != protocol.ErrInvalidProof && code != protocol.ErrReplayed {
		return nil
	}
	now := s.now()
	if !s.refusals.admits(d.ID, now) {
		return nil
	}
	return s.DB.Write(ctx, func(tx *db.Tx) error {
		return audit.Record(tx, audit.Entry{At: now, Action: "device.proof", Outcome: audit.Refused, Subject: d.ID, User: d.UserID,
			Detail: map[string]any{"reason": string(code)}})
	})
}
