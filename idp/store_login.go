package idp

import (
	"cmp"
	"context"
	"encoding/hex"
	"errors"
	"strings"
	"time"

	"github.com/nod-idp/nod/idp/evidence"
	"github.com/nod-idp/nod/internal/db"
	"github.com/nod-idp/nod/internal/instance"
)

type loginRow struct {
	ID           string
	Issuer       string
	Version      int64
	State        LoginState
	BrowserHash  []byte `db:"browser_hash"`
	ClientID     string `db:"client_id"`
	Request      db.JSON[AuthRequest]
	UserID       *string `db:"user_id"`
	Evidence     db.JSON[evidence.Evidence]
	Method       Method
	Notice       db.JSON[Notice]
	Questions    db.JSON[Questions]
	Failure      string
	ChallengeID  *string `db:"challenge_id"`
	KnownBrowser string  `db:"known_browser"`
	SessionID    *string `db:"session_id"`
	Waive        bool
	IP           string
	UserAgent    string  `db:"user_agent"`
	CreatedAt    db.Time `db:"created_at"`
	ExpiresAt    db.Time `db:"expires_at"`
	FinishedAt   db.Time `db:"finished_at"`
}

const loginColumns = `id, issuer, version, state, browser_hash, client_id, request, user_id, evidence, method, notice, questions, failure,
	challenge_id, known_browser, session_id, waive, ip, user_agent, created_at, expires_at, finished_at`

func (r loginRow) login() Login {
	return Login{
		ID: r.ID, Issuer: r.issuer(), State: r.State, ClientID: r.ClientID, Request: r.Request.V, UserID: deref(r.UserID), Evidence: r.Evidence.V,
		Method: r.Method, ChallengeID: deref(r.ChallengeID), KnownBrowser: r.KnownBrowser, SessionID: deref(r.SessionID),
		Waive:  r.Waive,
		Notice: r.Notice.V, Questions: r.Questions.V, Failure: r.Failure, IP: r.IP, UserAgent: r.UserAgent,
		CreatedAt: r.CreatedAt.Time, ExpiresAt: r.ExpiresAt.Time, FinishedAt: r.FinishedAt.Time,
		Version: r.Version, browser: hex.EncodeToString(r.BrowserHash),
	}
}

func (r loginRow) issuer() string {
	if r.Issuer == instance.MainIssuer {
		return ""
	}
	return r.Issuer
}

func deref(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}

func nullable(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

// readLogin returns the login that a reference means: as it is kept, or else as its browser carries it.
func (s *Service) readLogin(ctx context.Context, reference string) (Login, error) {
	id, sealed, isCarried := strings.Cut(reference, carriedMark)
	var r loginRow
	err := s.DB.Get(ctx, &r, "SELECT "+loginColumns+" FROM logins WHERE id = $1 AND epoch = $2", id, s.Epoch)
	switch {
	case errors.Is(err, db.ErrNotFound) && isCarried:
		return s.openCarried(id, sealed)
	case errors.Is(err, db.ErrNotFound):
		return Login{}, ErrNoLogin
	}
	return r.login(), err
}

func (s *Service) insertLoginTx(tx *db.Tx, l Login) error {
	browserHash, err := hex.DecodeString(l.browser)
	if err != nil {
		return err
	}
	return tx.Must(ErrMoved, `INSERT INTO logins (id, issuer, epoch, version, state, browser_hash, client_id, request, user_id, evidence, method,
		notice, questions, failure, challenge_id, known_browser, session_id, waive, ip, user_agent, created_at, expires_at, finished_at)
		VALUES ($1, $2, $3, 1, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22)
		ON CONFLICT (id) DO NOTHING`,
		l.ID, cmp.Or(l.Issuer, instance.MainIssuer), s.Epoch, l.State, browserHash, l.ClientID, db.JSON[AuthRequest]{V: l.Request},
		nullable(l.UserID), db.JSON[evidence.Evidence]{V: l.Evidence}, l.Method, db.JSON[Notice]{V: l.Notice}, db.JSON[Questions]{V: l.Questions},
		l.Failure, nullable(l.ChallengeID), l.KnownBrowser, nullable(l.SessionID), l.Waive, l.IP, l.UserAgent,
		db.At(l.CreatedAt), db.At(l.ExpiresAt), db.At(l.FinishedAt))
}

// readWatched reads what the stream of a waiting page needs.
func (s *Service) readWatched(ctx context.Context, id string) (browserHash []byte, challengeID string, err error) {
	var r struct {
		BrowserHash []byte `db:"browser_hash"`
		ChallengeID string `db:"challenge_id"`
	}
	err = s.DB.Get(ctx, &r, "SELECT browser_hash, COALESCE(challenge_id, '') AS challenge_id FROM logins WHERE id = $1 AND epoch = $2", id, s.Epoch)
	if errors.Is(err, db.ErrNotFound) {
		err = ErrNoLogin
	}
	return r.BrowserHash, r.ChallengeID, err
}

// saveTx stores a step. It returns ErrMoved when another request was quicker: of
// two that saw the same row only one may change it.
func (s *Service) saveTx(tx *db.Tx, l Login) error {
	if l.Version == 0 {
		return s.keepTx(tx, l)
	}
	return tx.Must(ErrMoved, `UPDATE logins SET version = version + 1, state = $1, user_id = $2, evidence = $3, method = $4, notice = $5,
		failure = $6, challenge_id = $7, known_browser = $8, session_id = $9, finished_at = $10,
		waive = $11, questions = $16 WHERE id = $12 AND version = $13 AND state = $14 AND epoch = $15`,
		l.State, nullable(l.UserID), db.JSON[evidence.Evidence]{V: l.Evidence}, l.Method, db.JSON[Notice]{V: l.Notice},
		l.Failure, nullable(l.ChallengeID), l.KnownBrowser, nullable(l.SessionID), db.At(l.FinishedAt),
		l.Waive, l.ID, l.Version, Open, s.Epoch, db.JSON[Questions]{V: l.Questions})
}

// rebindTx gives a login that nothing happened to yet from one browser's cookie to
// another's.
func (s *Service) rebindTx(tx *db.Tx, l Login, from, to []byte) error {
	return tx.Must(ErrMoved, "UPDATE logins SET version = version + 1, browser_hash = $1 WHERE id = $2 AND version = $3 AND browser_hash = $4 AND state = $5 AND epoch = $6",
		to, l.ID, l.Version, from, Open, s.Epoch)
}

// noticeTx sets what the page tells, if the login still stands where it stood: a
// notice belongs to the page whose form it is about.
func (s *Service) noticeTx(tx *db.Tx, l Login, n Notice) error {
	if l.Version == 0 {
		l.Notice = n
		if err := s.keepTx(tx, l); !errors.Is(err, ErrMoved) {
			return err
		}
		return nil
	}
	_, err := tx.Exec("UPDATE logins SET notice = $1 WHERE id = $2 AND version = $3 AND state = $4",
		db.JSON[Notice]{V: n}, l.ID, l.Version, Open)
	return err
}

// SweepLogins deletes logins that ended a day ago, at most limit of them, and
// returns how many.
func (s *Service) SweepLogins(ctx context.Context, limit int) (n int64, err error) {
	err = s.DB.Write(ctx, func(tx *db.Tx) error {
		n, err = tx.Exec("DELETE FROM logins WHERE id IN (SELECT id FROM logins WHERE expires_at < $1 ORDER BY expires_at LIMIT $2)",
			db.At(s.now().Add(-24*time.Hour)), limit)
		return err
	})
	return n, err
}
