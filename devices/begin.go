package devices

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/nod-idp/nod/devices/otp"
	"github.com/nod-idp/nod/devices/protocol"
	"github.com/nod-idp/nod/internal/audit"
	"github.com/nod-idp/nod/internal/db"
	"github.com/nod-idp/nod/internal/random"
)

// finishTime is the least a device gets to finish once it has claimed its link,
// however little of the link's own life was left.
const finishTime = 5 * time.Minute

var (
	errLinkUsed    = refuse(protocol.ErrLinkUsed, "This enrolment link was used before or does not exist.")
	errLinkExpired = refuse(protocol.ErrLinkExpired, "This enrolment link is too old.")
)

// Begin takes the first request of a new device, which is signed by the key it
// carries: it consumes the link, creates the device and hands out its secrets,
// this once.
func (s *Devices) Begin(ctx context.Context, in Incoming) (protocol.EnrolBegun, error) {
	request, err := protocol.ParseRequest(protocol.VerbEnrolBegin, in.Body)
	if err != nil {
		return protocol.EnrolBegun{}, err
	}
	payload, proof, err := s.verify(request, request.Key, in.Proof)
	if err != nil {
		return protocol.EnrolBegun{}, err
	}
	var msg protocol.EnrolBegin
	if err := protocol.Decode(payload, &msg); err != nil {
		return protocol.EnrolBegun{}, err
	}
	d := Device{
		ID: random.ID("dev"), Name: strings.TrimSpace(msg.Name), Kind: msg.Kind, Verification: msg.Wants,
		State: Enrolling, PushOn: true, Thumbprint: proof.Thumbprint, CreatedAt: s.now(),
	}
	if err := d.agree(); err != nil {
		return protocol.EnrolBegun{}, err
	}
	jwk, err := protocol.MarshalKey(request.Key)
	if err != nil {
		return protocol.EnrolBegun{}, err
	}
	d.PublicKey = string(jwk)
	return s.claim(ctx, d, msg.Token, proof)
}

// agree is the policy on verification. What is agreed on here is demanded of every
// approval afterwards.
func (d Device) agree() error {
	switch {
	case d.Name == "":
		return refuse(protocol.ErrInvalidRequest, "The device needs a name.")
	case d.Verification == protocol.VerifyBiometric:
		return refuse(protocol.ErrInvalidRequest, "This server does not offer biometric verification yet; enrol with a PIN.")
	case d.Verification == protocol.VerifyPlain && d.Kind != protocol.KindSoftware:
		return refuse(protocol.ErrInvalidRequest, "A device of this kind has to verify its person; enrol with a PIN.")
	}
	return nil
}

// claim exchanges the link for the device.
func (s *Devices) claim(ctx context.Context, d Device, token string, proof protocol.Proof) (protocol.EnrolBegun, error) {
	none := protocol.EnrolBegun{}
	link, err := s.findLink(ctx, token)
	if err != nil {
		return none, err
	}
	d.UserID = link.UserID
	name, displayName, err := s.Accounts.Account(ctx, d.UserID)
	if errors.Is(err, ErrNoAccount) {
		return none, errLinkUsed
	}
	if err != nil {
		return none, fmt.Errorf("begin enrolment: %w", err)
	}
	sealed, begun := s.newSecrets(d.ID, d.Verification)
	d.sealed = sealed
	begun.Question = random.Bytes(otp.PushQuestionSize)
	until := link.ExpiresAt.Time
	if least := d.CreatedAt.Add(finishTime); until.Before(least) {
		until = least
	}
	err = s.DB.Write(audit.As(ctx, "device:"+d.ID), func(tx *db.Tx) error {
		if err := useUp(tx, proof); err != nil {
			return err
		}
		if err := s.mustBeActive(tx, d.UserID); err != nil {
			return err
		}
		if err := s.claimLink(tx, errLinkUsed, link, d.ID, begun.Question, until, d.CreatedAt); err != nil {
			return err
		}
		if err := insertDevice(tx, d); err != nil {
			return err
		}
		tx.Announce(EnrolmentsTopic(d.UserID))
		return audit.Record(tx, audit.Entry{At: d.CreatedAt, Action: "device.enrolment.begun", Subject: d.ID, User: d.UserID,
			Detail: map[string]any{"enrolment": link.ID, "name": d.Name, "kind": d.Kind, "verification": d.Verification, "fingerprint": d.Fingerprint()}})
	})
	switch {
	case errors.Is(err, errLinkUsed): // it was open a moment ago: two raced
		return none, errors.Join(err, s.noteReuse(ctx, link))
	case errors.Is(err, errKeyTaken):
		return none, refuse(protocol.ErrInvalidRequest, "This key was enrolled before; make a new one.")
	case errors.Is(err, ErrNoAccount):
		return none, errLinkUsed
	case err != nil:
		return none, fmt.Errorf("begin enrolment: %w", err)
	}
	begun.DeviceID, begun.Issuer, begun.State = d.ID, s.PublicURL, protocol.EnrolStateProve
	begun.Account = protocol.Account{ID: d.UserID, Name: name, DisplayName: displayName}
	begun.Verification, begun.MatchDigits, begun.Fingerprint = d.Verification, s.matchDigits(), d.Fingerprint()
	return begun, nil
}

// findLink looks a link up to say what is wrong with it; the transaction that
// claims it asks again.
func (s *Devices) findLink(ctx context.Context, token string) (enrolment, error) {
	if !random.WellFormed(tokenPrefix, token) {
		return enrolment{}, errLinkUsed
	}
	link, err := s.readLink(ctx, random.Hash(token))
	switch {
	case errors.Is(err, db.ErrNotFound):
		return enrolment{}, errLinkUsed
	case err != nil:
		return enrolment{}, fmt.Errorf("find enrolment link: %w", err)
	case link.State == enrolmentExpired, link.State == linkOpen && link.over(s.now()):
		return enrolment{}, errLinkExpired
	case link.State != linkOpen:
		return enrolment{}, errors.Join(errLinkUsed, s.noteReuse(ctx, link))
	}
	return link, nil
}

// noteReuse records that a spent link was tried again: perhaps somebody else has
// read it.
func (s *Devices) noteReuse(ctx context.Context, link enrolment) error {
	now := s.now()
	if !s.refusals.admits(link.ID, now) {
		return nil
	}
	return s.DB.Write(ctx, func(tx *db.Tx) error {
		return audit.Record(tx, audit.Entry{At: now, Action: "device.link.used", Outcome: audit.Refused, Subject: link.ID, User: link.UserID,
			Detail: map[string]any{"state": link.State}})
	})
}
