package idp

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/nod-idp/nod/devices"
	"github.com/nod-idp/nod/internal/audit"
)

// Event is something that happened to a person's account, taken from the journal.
type Event struct {
	At       time.Time
	Kind     EventKind
	Reason   string // of what ended: "user", "admin", "pin", …
	Client   string // the name of the application, or ""
	Device   string // the name of the device, or ""
	Browser  string // in words, where it is known
	IP       string
	ByOthers bool // the administrator did it
}

// EventKind names what happened.
type EventKind string

// What people are told of.
const (
	SignedInTo        EventKind = "signed_in"
	SignInCancelled   EventKind = "sign_in_cancelled"
	PasswordWrong     EventKind = "password_wrong"
	PasscodeWrong     EventKind = "passcode_wrong"
	RequestDenied     EventKind = "request_denied"
	RequestReported   EventKind = "request_reported"
	RequestExpired    EventKind = "request_expired"
	RequestFailed     EventKind = "request_failed"
	LinkMade          EventKind = "link_made"
	LinkReused        EventKind = "link_reused"
	DeviceAdded       EventKind = "device_added"
	DeviceRefused     EventKind = "device_refused"
	DeviceRenamed     EventKind = "device_renamed"
	DeviceSuspended   EventKind = "device_suspended"
	DeviceResumed     EventKind = "device_resumed"
	DeviceRemoved     EventKind = "device_removed"
	SessionEnded      EventKind = "session_ended"
	PasswordChanged   EventKind = "password_changed"
	ClientDisconnects EventKind = "disconnected"
	PasskeyAdded      EventKind = "passkey_added"
	PasskeyRenamed    EventKind = "passkey_renamed"
	PasskeyRemoved    EventKind = "passkey_removed"
	PasskeyWrong      EventKind = "passkey_wrong"
	TokenAdded        EventKind = "token_added"
	TokenRenamed      EventKind = "token_renamed"
	TokenRemoved      EventKind = "token_removed"
	RecoveryMade      EventKind = "recovery_made"
	RecoveryUsed      EventKind = "recovery_used"
	RecoveryWrong     EventKind = "recovery_wrong"
)

// EventKinds lists all of them.
var EventKinds = []EventKind{
	SignedInTo, SignInCancelled, PasswordWrong, PasscodeWrong, RequestDenied, RequestReported, RequestExpired, RequestFailed,
	LinkMade, LinkReused, DeviceAdded, DeviceRefused, DeviceRenamed, DeviceSuspended, DeviceResumed, DeviceRemoved,
	SessionEnded, PasswordChanged, ClientDisconnects,
	PasskeyAdded, PasskeyRenamed, PasskeyRemoved, PasskeyWrong, TokenAdded, TokenRenamed, TokenRemoved, RecoveryMade, RecoveryUsed, RecoveryWrong,
}

// ActivityPage is how many events one page holds, or a few more where several
// happened in the same moment.
const ActivityPage = 50

// activityBatch is how many entries are read at once; most tell of inner steps.
const activityBatch = 200

// Activity returns what happened to the person's account before a moment, the newest
// first, and the moment to go on from, zero when there is nothing older.
func (s *Service) Activity(ctx context.Context, h Holder, before time.Time) (events []Event, older time.Time, err error) {
	if before.IsZero() {
		before = s.now().Add(time.Hour) // nodes differ a little
	}
	for {
		rows, err := audit.OfUser(ctx, s.DB, h.User.ID, before, activityBatch)
		if err != nil {
			return nil, time.Time{}, fmt.Errorf("read a person's activity: %w", err)
		}
		full := len(rows) == activityBatch
		if full { // the last moment may go on in the next batch
			rows = wholeMoments(rows)
		}
		for i, r := range rows {
			e, told, err := s.event(ctx, r)
			if err != nil {
				return nil, time.Time{}, err
			}
			if told {
				events = append(events, e)
			}
			before = r.At.Time
			if last := i == len(rows)-1; len(events) >= ActivityPage && !last && !rows[i+1].At.Equal(before) {
				return events, before, nil
			}
		}
		if !full {
			return events, time.Time{}, nil
		}
		if len(events) >= ActivityPage {
			return events, before, nil
		}
	}
}

// wholeMoments leaves out the last moment of a batch, unless there is only one.
func wholeMoments(rows []audit.Row) []audit.Row {
	end := len(rows)
	for end > 0 && rows[end-1].At.Equal(rows[len(rows)-1].At.Time) {
		end--
	}
	if end == 0 {
		return rows
	}
	return rows[:end]
}

// detail is what entries say that people are told of.
type detail struct {
	Reason  string `json:"reason"`
	Device  string `json:"device"`
	Browser string `json:"browser"`
	Name    string `json:"name"`
	Error   string `json:"error"`
}

func (s *Service) event(ctx context.Context, r audit.Row) (Event, bool, error) {
	var d detail
	if err := json.Unmarshal([]byte(r.Detail), &d); err != nil {
		return Event{}, false, fmt.Errorf("read a journal entry: %w", err)
	}
	kind, device, told := tell(r, d)
	if !told {
		return Event{}, false, nil
	}
	e := Event{At: r.At.Time, Kind: kind, Reason: d.Reason, Browser: d.Browser, IP: r.IP, ByOthers: isAdministrator(r.Actor)}
	if r.ClientID != "" {
		e.Client = s.clientName(ctx, r.ClientID)
	}
	if kind == PasskeyAdded || kind == PasskeyRenamed || kind == PasskeyRemoved {
		e.Device = d.Name
		return e, true, nil
	}
	if kind == DeviceRenamed || kind == TokenAdded || kind == TokenRenamed || kind == TokenRemoved {
		e.Device = d.Name
		return e, true, nil
	}
	if device == "" {
		return e, true, nil
	}
	found, err := s.Devices.Get(ctx, device)
	if errors.Is(err, devices.ErrNotFound) {
		err = nil
	}
	e.Device = found.Name
	return e, true, err
}
