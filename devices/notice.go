package devices

import (
	"context"
	"fmt"
	"time"

	"github.com/nod-idp/nod/devices/protocol"
	"github.com/nod-idp/nod/devices/push"
	"github.com/nod-idp/nod/internal/audit"
	"github.com/nod-idp/nod/internal/db"
	"github.com/nod-idp/nod/internal/random"
)

// NoticeKind names what a person is told of on their devices, wherever it was done.
type NoticeKind string

// The notices.
const (
	DeviceAdded     NoticeKind = "device_added"
	DeviceRemoved   NoticeKind = "device_removed"
	PasswordChanged NoticeKind = "password_changed"
	PasskeyAdded    NoticeKind = "passkey_added"
	PasskeyRemoved  NoticeKind = "passkey_removed"

	TokenAdded        NoticeKind = "token_added"
	TokenRemoved      NoticeKind = "token_removed"
	RecoveryCodeUsed  NoticeKind = "recovery_code_used"
	RecoveryCodesMade NoticeKind = "recovery_codes_made"
	SignInReported    NoticeKind = "sign_in_reported"
	// RecoveryCodesVoided: a restore made the present ones worthless.
	RecoveryCodesVoided NoticeKind = "recovery_codes_voided"
)

// noticeLife is how long a device is told of a change.
const noticeLife = 24 * time.Hour

// NotifyTx tells every active device of a person but one, "" for none, and by AlsoTell
// the person, that something about the account has changed, in the transaction that
// changes it. about is the name of what did.
func (s *Devices) NotifyTx(tx *db.Tx, userID, except string, kind NoticeKind, about string) error {
	if s.AlsoTell != nil {
		if err := s.AlsoTell(tx, userID, kind, about); err != nil {
			return fmt.Errorf("tell a person: %w", err)
		}
	}
	active, err := readActiveTx(tx, userID)
	if err != nil {
		return fmt.Errorf("notify devices: %w", err)
	}
	now, told := s.now(), 0
	for _, d := range active {
		if d.ID == except {
			continue
		}
		wakeAt, err := s.wakeAtTx(tx, d, now)
		if err != nil {
			return fmt.Errorf("notify devices: %w", err)
		}
		n := notice{
			ID: random.ID("ntc"), DeviceID: d.ID, UserID: userID, Kind: string(kind), About: about, WakeID: random.ID("wak"),
			CreatedAt: db.At(now), ExpiresAt: db.At(now.Add(noticeLife)),
		}
		if err := insertNotice(tx, n, wakeAt); err != nil {
			return fmt.Errorf("notify devices: %w", err)
		}
		tx.Announce(Topic(d.ID))
		told++
	}
	if told == 0 {
		return nil
	}
	tx.Announce(noticeTopic)
	return audit.Record(tx, audit.Entry{At: now, Action: "device.notified", Subject: userID, User: userID,
		Detail: map[string]any{"kind": kind, "devices": told}})
}

// wakeAtTx is when a device is woken for a notice, zero for a device that is not.
func (s *Devices) wakeAtTx(tx *db.Tx, d Device, now time.Time) (time.Time, error) {
	if !d.PushOn || d.PushForbidden {
		return time.Time{}, nil
	}
	reachable, err := push.ReachableTx(tx, d.ID)
	if err != nil || !reachable {
		return time.Time{}, err
	}
	return now, nil
}

// Notices returns what a device has to tell its person, the oldest first.
func (s *Devices) Notices(ctx context.Context, deviceID string) ([]protocol.Notice, error) {
	rows, err := s.readNotices(ctx, deviceID, s.now())
	if err != nil {
		return nil, fmt.Errorf("list notices: %w", err)
	}
	list := make([]protocol.Notice, len(rows))
	for i, r := range rows {
		list[i] = protocol.Notice{ID: r.ID, Kind: r.Kind, About: r.About, At: protocol.At(r.CreatedAt.Time)}
	}
	return list, nil
}

// SeenNotice takes a notice off a device's list. One that is not there is no error.
func (s *Devices) SeenNotice(ctx context.Context, deviceID, noticeID string) error {
	err := s.DB.Write(ctx, func(tx *db.Tx) error {
		now := s.now()
		userID, err := seeNotice(tx, deviceID, noticeID, now)
		if err != nil || userID == "" {
			return err
		}
		tx.Announce(Topic(deviceID))
		return audit.Record(tx, audit.Entry{At: now, Action: "device.notice.seen", Subject: noticeID, User: userID,
			Detail: map[string]any{"device": deviceID}})
	})
	return wrap("note that a notice was seen", err)
}
