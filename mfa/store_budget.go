package mfa

import (
	"context"
	"errors"
	"time"

	"github.com/nod-idp/nod/internal/db"
)

type budgetRow struct {
	Spent      int
	Last       db.Time `db:"last_at"`
	BeforeLast db.Time `db:"before_last_at"`
	Paused     db.Time `db:"paused_at"`
}

const selectBudget = "SELECT spent, last_at, before_last_at, paused_at FROM prompt_budgets WHERE user_id = $1 AND scope = $2"

func (r budgetRow) budget() budget {
	b := budget{Spent: r.Spent, Last: r.Last.Time, BeforeLast: r.BeforeLast.Time, Paused: r.Paused.Time}
	if r.Last.UnixMilli() == 0 {
		b.Last = time.Time{} // the row was made to be locked
	}
	return b
}

// lockBudgetTx reads a budget and holds its row until the transaction ends, making it
// when it is missing. Of two prompts at once the second sees what the first spent.
func lockBudgetTx(tx *db.Tx, userID, scope string) (budget, error) {
	var r budgetRow
	err := tx.Get(&r, `INSERT INTO prompt_budgets (user_id, scope, spent, last_at) VALUES ($1, $2, 0, 0)
		ON CONFLICT (user_id, scope) DO UPDATE SET spent = prompt_budgets.spent
		RETURNING spent, last_at, before_last_at, paused_at`, userID, scope)
	return r.budget(), err
}

func (s *Service) budget(ctx context.Context, userID, scope string) (budget, error) {
	var r budgetRow
	err := s.DB.Get(ctx, &r, selectBudget, userID, scope)
	if errors.Is(err, db.ErrNotFound) {
		return budget{}, nil
	}
	return r.budget(), err
}

func saveBudgetTx(tx *db.Tx, userID, scope string, b budget) error {
	_, err := tx.Exec(`INSERT INTO prompt_budgets (user_id, scope, spent, last_at, before_last_at, paused_at) VALUES ($1, $2, $3, $4, $5, $6)
		ON CONFLICT (user_id, scope) DO UPDATE SET spent = excluded.spent, last_at = excluded.last_at,
		before_last_at = excluded.before_last_at, paused_at = excluded.paused_at`,
		userID, scope, b.Spent, db.At(b.Last), db.At(b.BeforeLast), db.At(b.Paused))
	return err
}

func forgetBudgetTx(tx *db.Tx, userID, scope string) error {
	_, err := tx.Exec("DELETE FROM prompt_budgets WHERE user_id = $1 AND scope = $2", userID, scope)
	return err
}

// forgetInquirersTx ends what is counted against clients that ask a person by themselves.
func forgetInquirersTx(tx *db.Tx, userID string) error {
	_, err := tx.Exec("DELETE FROM prompt_budgets WHERE user_id = $1 AND scope LIKE 'client:%'", userID)
	return err
}

// UnlockTx forgets every count and pause of a person's prompts: the administrator's
// way out.
func UnlockTx(tx *db.Tx, userID string) error {
	_, err := tx.Exec("DELETE FROM prompt_budgets WHERE user_id = $1", userID)
	return err
}
