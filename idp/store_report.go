package idp

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/nod-idp/nod/idp/evidence"
	"github.com/nod-idp/nod/internal/db"
)

type reportRow struct {
	ID             string
	UserID         string `db:"user_id"`
	LoginID        string `db:"login_id"`
	ClientID       string `db:"client_id"`
	DeviceID       string `db:"device_id"`
	Network        string
	IP             string
	Browser        string
	OS             string
	At             db.Time
	BlockedUntil   db.Time `db:"blocked_until"`
	LiftedAt       db.Time `db:"lifted_at"`
	PasswordFrozen bool    `db:"password_frozen"`
}

func (r reportRow) report() Report {
	return Report{
		ID: r.ID, UserID: r.UserID, LoginID: r.LoginID, ClientID: r.ClientID, DeviceID: r.DeviceID, Network: r.Network, IP: r.IP,
		Browser: r.Browser, OS: r.OS, At: r.At.Time, BlockedUntil: r.BlockedUntil.Time, LiftedAt: r.LiftedAt.Time,
		PasswordFrozen: r.PasswordFrozen && !strings.HasPrefix(r.ClientID, foreignPrefix),
	}
}

func insertReportTx(tx *db.Tx, r Report, challengeID string) error {
	_, err := tx.Exec(`INSERT INTO reports (id, user_id, challenge_id, login_id, client_id, device_id, network, ip, browser, os,
		at, blocked_until, password_frozen) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)`,
		r.ID, r.UserID, challengeID, r.LoginID, r.ClientID, r.DeviceID, r.Network, r.IP, r.Browser, r.OS,
		db.At(r.At), db.At(r.BlockedUntil), r.PasswordFrozen)
	return err
}

func (s *Service) reportsOf(ctx context.Context, userID string) ([]Report, error) {
	var rows []reportRow
	err := s.DB.Select(ctx, &rows, `SELECT id, user_id, login_id, client_id, device_id, network, ip, browser, os, at, blocked_until, lifted_at, password_frozen
		FROM reports WHERE user_id = $1 ORDER BY at DESC, id LIMIT 20`, userID)
	list := make([]Report, len(rows))
	for i, r := range rows {
		list[i] = r.report()
	}
	return list, err
}

// blocked looks for reports from either network; both are the same where the browser
// stayed where it was.
func (s *Service) blocked(ctx context.Context, userID, network, begun string, now time.Time) (yes bool, err error) {
	err = s.DB.Get(ctx, &yes, `SELECT EXISTS (SELECT 1 FROM reports
		WHERE user_id = $1 AND network IN ($2, $3) AND blocked_until > $4 AND lifted_at IS NULL)`, userID, network, begun, db.At(now))
	return yes, err
}

// A report of a sign-in by another issuer says nothing about the password here, and a new
// password here nothing about the one there.
const (
	latestFrozen        = "SELECT coalesce(max(at), 0) FROM reports WHERE user_id = $1 AND password_frozen AND client_id NOT LIKE 'entra:%'"
	latestForeignFrozen = "SELECT coalesce(max(at), 0) FROM reports WHERE user_id = $1 AND password_frozen AND client_id LIKE 'entra:%'"
)

// frozenSince is when the latest report froze the password, zero if none does.
func (s *Service) frozenSince(ctx context.Context, userID string) (time.Time, error) {
	var at int64
	err := s.DB.Get(ctx, &at, latestFrozen, userID)
	return moment(at), err
}

func frozenSinceTx(tx *db.Tx, userID string) (time.Time, error) {
	var at int64
	err := tx.Get(&at, latestFrozen, userID)
	return moment(at), err
}

// reportedAt is when the person last reported something, zero for never.
func (s *Service) reportedAt(ctx context.Context, userID string) (time.Time, error) {
	var at int64
	err := s.DB.Get(ctx, &at, "SELECT coalesce(max(at), 0) FROM reports WHERE user_id = $1", userID)
	return moment(at), err
}

func moment(milliseconds int64) time.Time {
	if milliseconds == 0 {
		return time.Time{}
	}
	return time.UnixMilli(milliseconds)
}

// foreignFrozen reports whether a sign-in by another issuer was reported and nobody has
// cleared that.
func (s *Service) foreignFrozen(ctx context.Context, userID string) (bool, error) {
	var at int64
	err := s.DB.Get(ctx, &at, latestForeignFrozen, userID)
	return at != 0, err
}

func foreignFrozenTx(tx *db.Tx, userID string) (bool, error) {
	var at int64
	err := tx.Get(&at, latestForeignFrozen, userID)
	return at != 0, err
}

// ThawPasswordTx ends what reports hold against a person's password, because it is
// another one now. What was reported of a sign-in by another issuer stays: only the
// administrator clears that.
func ThawPasswordTx(tx *db.Tx, userID string) error {
	_, err := tx.Exec("UPDATE reports SET password_frozen = $1 WHERE user_id = $2 AND password_frozen AND client_id NOT LIKE 'entra:%'", false, userID)
	return err
}

// thawAllTx ends it all, because the administrator says so.
func thawAllTx(tx *db.Tx, userID string) error {
	_, err := tx.Exec("UPDATE reports SET password_frozen = $1 WHERE user_id = $2 AND password_frozen", false, userID)
	return err
}

func liftTx(tx *db.Tx, userID, id, by string, now time.Time) error {
	return tx.Must(ErrNoReport, `UPDATE reports SET lifted_at = $1, lifted_by = $2
		WHERE id = $3 AND user_id = $4 AND lifted_at IS NULL AND blocked_until > $1`, db.At(now), by, id, userID)
}

func liftAllTx(tx *db.Tx, userID, by string, now time.Time) (int64, error) {
	return tx.Exec("UPDATE reports SET lifted_at = $1, lifted_by = $2 WHERE user_id = $3 AND lifted_at IS NULL AND blocked_until > $1",
		db.At(now), by, userID)
}

// forgetReportsTx keeps what still freezes a password, however old it is.
func forgetReportsTx(tx *db.Tx, before time.Time, limit int) (int64, error) {
	return tx.Exec(`DELETE FROM reports WHERE id IN (SELECT id FROM reports
		WHERE at < $1 AND blocked_until < $1 AND NOT password_frozen ORDER BY at LIMIT $2)`, db.At(before), limit)
}

// openLoginsTx returns the logins under way of browsers in which the person is not
// signed in.
func (s *Service) openLoginsTx(tx *db.Tx, userID string) (all []loginRow, err error) {
	err = tx.Select(&all, "SELECT "+loginColumns+" FROM logins WHERE user_id = $1 AND state = $2 AND session_id IS NULL AND known_browser = '' AND epoch = $3",
		userID, Open, s.Epoch)
	if errors.Is(err, db.ErrNotFound) {
		err = nil
	}
	return all, err
}

// restartLoginTx forgets all that a login has proved.
func (s *Service) restartLoginTx(tx *db.Tx, id, userID string) error {
	_, err := tx.Exec(`UPDATE logins SET version = version + 1, user_id = NULL, evidence = $1, method = '', notice = $2, challenge_id = NULL
		WHERE id = $3 AND user_id = $4 AND state = $5 AND epoch = $6`,
		db.JSON[evidence.Evidence]{}, db.JSON[Notice]{}, id, userID, Open, s.Epoch)
	return err
}
