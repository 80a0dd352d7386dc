package user_test

import (
	"errors"
	"slices"
	"testing"

	"github.com/nod-idp/nod/idp/user"
	"github.com/nod-idp/nod/internal/db"
	"github.com/nod-idp/nod/internal/db/dbtest"
)

func TestGroupsHoldPeople(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		ctx, s := t.Context(), users(d)
		alice, bob := add(t, s, "alice", ""), add(t, s, "Bob", "")
		staff, err := s.AddGroup(ctx, "Staff")
		if err != nil {
			t.Fatal(err)
		}
		admins, err := s.AddGroup(ctx, "admins")
		if err != nil {
			t.Fatal(err)
		}
		for _, err := range []error{
			s.AddToGroup(ctx, staff.ID, bob.ID), s.AddToGroup(ctx, staff.ID, alice.ID), s.AddToGroup(ctx, staff.ID, alice.ID),
			s.AddToGroup(ctx, admins.ID, alice.ID),
		} {
			if err != nil {
				t.Fatal(err)
			}
		}
		members, err := s.Members(ctx, staff.ID)
		if err != nil || len(members) != 2 || members[0] != alice || members[1] != bob {
			t.Errorf("members: got %+v, %v", members, err)
		}
		if got, err := s.GroupsOf(ctx, alice.ID); err != nil || !slices.Equal(got, []string{"admins", "Staff"}) {
			t.Errorf("groups of alice: got %v, %v", got, err)
		}
		if err := s.RemoveFromGroup(ctx, staff.ID, alice.ID); err != nil {
			t.Fatal(err)
		}
		if err := s.RemoveGroup(ctx, admins.ID); err != nil {
			t.Fatal(err)
		}
		if got, err := s.GroupsOf(ctx, alice.ID); err != nil || len(got) != 0 {
			t.Errorf("afterwards: got %v, %v, want none", got, err)
		}
		if groups, err := s.ListGroups(ctx); err != nil || len(groups) != 1 || groups[0] != staff {
			t.Errorf("groups: got %v, %v", groups, err)
		}
	})
}

func TestAGroupThatCannotBeIsRefused(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		ctx, s := t.Context(), users(d)
		alice := add(t, s, "alice", "")
		staff, err := s.AddGroup(ctx, "Staff")
		if err != nil {
			t.Fatal(err)
		}
		for _, row := range []struct {
			says      string
			got, want error
		}{
			{"the same name again", second(s.AddGroup(ctx, "STAFF")), user.ErrGroupTaken},
			{"an unknown name", second(s.GroupByName(ctx, "nobody")), user.ErrGroupNotFound},
			{"a member of an unknown group", s.AddToGroup(ctx, "grp_x", alice.ID), user.ErrGroupNotFound},
			{"an unknown member", s.AddToGroup(ctx, staff.ID, "usr_x"), user.ErrNotFound},
			{"an unknown group removed", s.RemoveGroup(ctx, "grp_x"), user.ErrGroupNotFound},
		} {
			if !errors.Is(row.got, row.want) {
				t.Errorf("%s: got %v, want %v", row.says, row.got, row.want)
			}
		}
		var invalid *user.InvalidError
		if _, err := s.AddGroup(ctx, " x"); !errors.As(err, &invalid) {
			t.Errorf("a bad name: got %v, want an InvalidError", err)
		}
		if g, err := s.GroupByName(ctx, "staff "); err != nil || g != staff {
			t.Errorf("another spelling: got %v, %v", g, err)
		}
	})
}
