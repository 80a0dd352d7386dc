package user

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/nod-idp/nod/internal/audit"
	"github.com/nod-idp/nod/internal/db"
	"github.com/nod-idp/nod/internal/random"
)

// Group is a named set of people.
type Group struct {
	ID        string
	Name      string
	CreatedAt time.Time
}

// AddGroup adds an empty group. It returns ErrGroupTaken if there is one of this
// name, in whatever spelling.
func (s *Users) AddGroup(ctx context.Context, name string) (Group, error) {
	if err := checkName("group", name); err != nil {
		return Group{}, err
	}
	g := Group{ID: random.ID("grp"), Name: name, CreatedAt: db.At(s.now()).Time}
	err := s.DB.Write(ctx, func(tx *db.Tx) error {
		if err := insertGroup(tx, g); err != nil {
			return err
		}
		return s.recordGroupTx(tx, "group.added", g.ID, "", map[string]any{"name": name})
	})
	if err != nil {
		return Group{}, fmt.Errorf("add group %s: %w", quote(name), err)
	}
	return g, nil
}

// GroupByName returns the group of this name, in whatever spelling, or
// ErrGroupNotFound.
func (s *Users) GroupByName(ctx context.Context, name string) (Group, error) {
	g, err := findGroup(ctx, s.DB, Key(name))
	if errors.Is(err, db.ErrNotFound) {
		return Group{}, ErrGroupNotFound
	}
	if err != nil {
		return Group{}, fmt.Errorf("read group: %w", err)
	}
	return g, nil
}

// ListGroups returns all groups in the order of their names.
func (s *Users) ListGroups(ctx context.Context) ([]Group, error) {
	groups, err := listGroups(ctx, s.DB)
	if err != nil {
		return nil, fmt.Errorf("list groups: %w", err)
	}
	return groups, nil
}

// RemoveGroup removes a group; its members stay users.
func (s *Users) RemoveGroup(ctx context.Context, groupID string) error {
	err := s.DB.Write(ctx, func(tx *db.Tx) error {
		if err := deleteGroup(tx, groupID); err != nil {
			return err
		}
		return s.recordGroupTx(tx, "group.removed", groupID, "", nil)
	})
	if err != nil {
		return fmt.Errorf("remove group: %w", err)
	}
	return nil
}

// Members returns the people in a group in the order of their names.
func (s *Users) Members(ctx context.Context, groupID string) ([]User, error) {
	users, err := listMembers(ctx, s.DB, groupID)
	if err != nil {
		return nil, fmt.Errorf("list members: %w", err)
	}
	return users, nil
}

// AddToGroup puts a person into a group. Doing it twice is no fault.
func (s *Users) AddToGroup(ctx context.Context, groupID, userID string) error {
	return s.changeMembers(ctx, groupID, userID, "group.member.added", func(tx *db.Tx) (bool, error) {
		return insertMember(tx, groupID, userID, s.now())
	})
}

// RemoveFromGroup takes a person out of a group. Doing it twice is no fault.
func (s *Users) RemoveFromGroup(ctx context.Context, groupID, userID string) error {
	return s.changeMembers(ctx, groupID, userID, "group.member.removed", func(tx *db.Tx) (bool, error) {
		return deleteMember(tx, groupID, userID)
	})
}

// GroupsOf returns the names of the groups that a person is in, in order.
func (s *Users) GroupsOf(ctx context.Context, userID string) ([]string, error) {
	names, err := listGroupsOf(ctx, s.DB, userID)
	if err != nil {
		return nil, fmt.Errorf("list groups of a user: %w", err)
	}
	return names, nil
}

func (s *Users) changeMembers(ctx context.Context, groupID, userID, action string, change func(*db.Tx) (bool, error)) error {
	err := s.DB.Write(ctx, func(tx *db.Tx) error {
		changed, err := change(tx)
		if err != nil || !changed {
			return err
		}
		return s.recordGroupTx(tx, action, groupID, userID, nil)
	})
	if err != nil {
		return fmt.Errorf("change members: %w", err)
	}
	return nil
}

func (s *Users) recordGroupTx(tx *db.Tx, action, groupID, userID string, detail map[string]any) error {
	return audit.Record(tx, audit.Entry{At: s.now(), Action: action, Subject: groupID, User: userID, Detail: detail})
}
