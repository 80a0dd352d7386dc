package main

import (
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/nod-idp/nod/idp/user"
)

func newUserCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "user",
		Short: "Add, change and list the people who sign in",
		Long: `Add, change and list the people who sign in.

NAME is what the person signs in with, or the e-mail address, or the id.`,
		Example: `  nod user add alice --email alice@example.com --name "Alice Smith" --password-stdin
  nod user enroll-link alice`,
	}
	cmd.AddCommand(
		newUserAddCommand(), newUserListCommand(), newUserShowCommand(), newUserSetCommand(),
		newUserDisableCommand(), newUserEnableCommand(), newUserUnlockCommand(), newUserPasswordCommand(),
		newUserEnrollLinkCommand(), newUserDevicesCommand(), newUserPasskeysCommand(), newUserTokenCommand(), newUserRecoveryCodesCommand(), newUserSessionsCommand(),
	)
	return bindPlace(cmd)
}

// userView is a person as --json shows him. The hash of the password stays inside.
type userView struct {
	ID                string      `json:"id"`
	Name              string      `json:"name"`
	State             user.State  `json:"state"`
	DisplayName       string      `json:"display_name"`
	HasPassword       bool        `json:"has_password"`
	PasswordChangedAt *time.Time  `json:"password_changed_at,omitempty"`
	Claims            user.Claims `json:"claims"`
	Groups            []string    `json:"groups,omitempty"`
	CreatedAt         *time.Time  `json:"created_at"`
	UpdatedAt         *time.Time  `json:"updated_at"`
	// Password is set once, when nod made it.
	Password string `json:"password,omitempty"`
}

func viewUser(u user.User) userView {
	return userView{
		ID: u.ID, Name: u.Name, State: u.State, DisplayName: u.DisplayName(), HasPassword: u.HasPassword(),
		PasswordChangedAt: stamp(u.PasswordChangedAt), Claims: u.Claims, CreatedAt: stamp(u.CreatedAt), UpdatedAt: stamp(u.UpdatedAt),
	}
}

// user finds the person that an argument means.
func (v *verb) user(typed string) (user.User, error) {
	u, err := v.Users.ByLogin(v.ctx, typed)
	if errors.Is(err, user.ErrNotFound) {
		u, err = v.Users.ByID(v.ctx, typed)
	}
	if err != nil {
		return user.User{}, fmt.Errorf("%q: %w", typed, err)
	}
	return u, nil
}
