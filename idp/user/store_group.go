package user

import (
	"context"
	"time"

	"github.com/nod-idp/nod/internal/db"
)

// groupRow is a row of groups.
type groupRow struct {
	ID        string
	Name      string
	CreatedAt db.Time `db:"created_at"`
}

func (r groupRow) group() Group { return Group{r.ID, r.Name, r.CreatedAt.Time} }

func insertGroup(tx *db.Tx, g Group) error {
	return tx.Must(ErrGroupTaken, "INSERT INTO groups (id, name, name_key, created_at) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING",
		g.ID, g.Name, Key(g.Name), db.At(g.CreatedAt))
}

func findGroup(ctx context.Context, d *db.DB, nameKey string) (Group, error) {
	var r groupRow
	err := d.Get(ctx, &r, "SELECT id, name, created_at FROM groups WHERE name_key = $1", nameKey)
	return r.group(), err
}

func listGroups(ctx context.Context, d *db.DB) ([]Group, error) {
	var rows []groupRow
	if err := d.Select(ctx, &rows, "SELECT id, name, created_at FROM groups ORDER BY name_key"); err != nil {
		return nil, err
	}
	groups := make([]Group, 0, len(rows))
	for _, r := range rows {
		groups = append(groups, r.group())
	}
	return groups, nil
}

func deleteGroup(tx *db.Tx, id string) error {
	return tx.Must(ErrGroupNotFound, "DELETE FROM groups WHERE id = $1", id)
}

func listMembers(ctx context.Context, d *db.DB, groupID string) ([]User, error) {
	var rows []userRow
	if err := d.Select(ctx, &rows, "SELECT "+userColumns+` FROM users
		WHERE id IN (SELECT user_id FROM group_members WHERE group_id = $1) ORDER BY name_key`, groupID); err != nil {
		return nil, err
	}
	users := make([]User, 0, len(rows))
	for _, r := range rows {
		users = append(users, r.user())
	}
	return users, nil
}

// insertMember reports false if the person is in the group already. It looks before
// it inserts, so that a missing group or person has an error of its own.
func insertMember(tx *db.Tx, groupID, userID string, at time.Time) (bool, error) {
	var groups, users int
	if err := tx.Get(&groups, "SELECT count(*) FROM groups WHERE id = $1", groupID); err != nil {
		return false, err
	}
	if err := tx.Get(&users, "SELECT count(*) FROM users WHERE id = $1", userID); err != nil {
		return false, err
	}
	switch {
	case groups == 0:
		return false, ErrGroupNotFound
	case users == 0:
		return false, ErrNotFound
	}
	n, err := tx.Exec("INSERT INTO group_members (group_id, user_id, added_at) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING",
		groupID, userID, db.At(at))
	return n == 1, err
}

func deleteMember(tx *db.Tx, groupID, userID string) (bool, error) {
	n, err := tx.Exec("DELETE FROM group_members WHERE group_id = $1 AND user_id = $2", groupID, userID)
	return n == 1, err
}

func listGroupsOf(ctx context.Context, d *db.DB, userID string) ([]string, error) {
	names := []string{}
	err := d.Select(ctx, &names, `SELECT g.name FROM groups g JOIN group_members m ON m.group_id = g.id
		WHERE m.user_id = $1 ORDER BY g.name_key`, userID)
	return names, err
}
