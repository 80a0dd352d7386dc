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
		ID: random.ID("dev"), Name: strings.TrimSpace(msg.Name), Kind: msg.Kind,
		State: Enrolling, PushOn: true, Thumbprint: proof.Thumbprint, CreatedAt: s.now(),
	}
	if d.Name == "" {
		return protocol.EnrolBegun{}, refuse(protocol.ErrInvalidRequest, "The device needs a name.")
	}
	jwk, err := protocol.MarshalKey(request.Key)
	if err != nil {
		return protocol.EnrolBegun{}, err
	}
	d.PublicKey = string(jwk)
	return s.claim(ctx, d, msg, proof)
}

// claim exchanges the link for the device.
func (s *Devices) claim(ctx context.Context, d Device, msg protocol.EnrolBegin, proof protocol.Proof) (protocol.EnrolBegun, error) {
	none := protocol.EnrolBegun{}
	link, err := s.findLink(ctx, msg.Token)
	if err != nil {
		return none, err
	}
	agreed, err := s.agree(link.Rule, d.Kind, msg.Wants)
	if err != nil {
		return none, err
	}
	d.UserID, d.Verification = link.UserID, agreed.verification
	name, displayName, err := s.Accounts.Account(ctx, d.UserID)
	if errors.Is(err, ErrNoAccount) {
		return none, errLinkUsed
	}
	if err != nil {
		return none, fmt.Errorf("begin enrolment: %w", err)
	}
	sealed, begun := s.newSecrets(d.ID, agreed)
	d.sealed = sealed
	begun.Account = protocol.Account{ID: d.UserID, Name: name, DisplayName: displayName}
	begun.Question, begun.State = random.Bytes(otp.PushQuestionSize), protocol.EnrolStateProve
	handle, err := s.ceremony(&begun, d, link)
	if err != nil {
		return none, err
	}
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
		if handle != nil {
			if err := s.credentials().AddTx(tx, d.ID, s.party.ID(), handle, d.CreatedAt); err != nil {
				return err
			}
		}
		tx.Announce(EnrolmentsTopic(d.UserID))
		return audit.Record(tx, audit.Entry{At: d.CreatedAt, Action: "device.enrolment.begun", Subject: d.ID, User: d.UserID,
			Detail: map[string]any{"enrolment": link.ID, "name": d.Name, "kind": d.Kind, "verification": d.Verification,
				"pin_too": agreed.pinToo, "fingerprint": d.Fingerprint()}})
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
	begun.DeviceID, begun.Issuer, begun.PushKey = d.ID, s.PublicURL, s.PushKey
	begun.Verification, begun.MatchDigits, begun.Fingerprint = d.Verification, s.matchDigits(), d.Fingerprint()
	if link.Confirm && link.byAdministrator() {
		begun.ConfirmURL = s.url(ConfirmPath)
	}
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
