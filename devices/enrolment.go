package devices

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/nod-idp/nod/internal/db"
)

// EnrolmentState is where an enrolment stands.
type EnrolmentState string

// The states of an enrolment.
const (
	LinkOpen         EnrolmentState = linkOpen         // nobody has used the link
	EnrolmentClaimed EnrolmentState = enrolmentClaimed // a device has, and sets itself up
	EnrolmentProved  EnrolmentState = enrolmentProved  // it is ready, and waits for its person
	EnrolmentActive  EnrolmentState = enrolmentActive
	EnrolmentRefused EnrolmentState = enrolmentRefused
	EnrolmentExpired EnrolmentState = enrolmentExpired
)

// Enrolment is a link and what became of it, for the person it is for.
type Enrolment struct {
	ID              string
	State           EnrolmentState
	ByAdministrator bool   // and not by the person
	URL             string // the link, while it is open and if the person made it; otherwise ""
	Device          Pending
	ExpiresAt       time.Time
}

// Enrolment returns an enrolment of this person, or ErrNotWaiting if there is none.
func (s *Devices) Enrolment(ctx context.Context, userID, id string) (Enrolment, error) {
	e, err := s.readEnrolmentOf(ctx, id, userID)
	if errors.Is(err, db.ErrNotFound) {
		return Enrolment{}, ErrNotWaiting
	}
	if err != nil {
		return Enrolment{}, fmt.Errorf("find an enrolment: %w", err)
	}
	found := Enrolment{
		ID: e.ID, State: EnrolmentState(e.State), ByAdministrator: e.byAdministrator(), ExpiresAt: e.ExpiresAt.Time,
	}
	switch found.State {
	case LinkOpen, EnrolmentClaimed, EnrolmentProved:
		if e.over(s.now()) {
			found.State = EnrolmentExpired
		}
	}
	if found.State == LinkOpen && e.MadeBy == "user:"+userID {
		found.URL = s.url(LinkPath) + "#" + s.tokenOf(e.ID)
	}
	if e.DeviceID != nil {
		found.Device, err = s.pending(ctx, e)
	}
	return found, err
}

// WatchEnrolments waits for changes of this person's enrolments.
func (s *Devices) WatchEnrolments(userID string) *db.Subscription {
	return s.DB.Subscribe(EnrolmentsTopic(userID))
}
