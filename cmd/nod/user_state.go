package main

import (
	"time"

	"github.com/spf13/cobra"

	"github.com/nod-idp/nod/idp"
	"github.com/nod-idp/nod/internal/db"
	"github.com/nod-idp/nod/mfa"
	"github.com/nod-idp/nod/mfa/throttle"
)

func newUserDisableCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "disable NAME",
		Short: "Keep a person from signing in",
		Long: `Keep a person from signing in, at once and everywhere: sessions end, and what
clients were given is taken back. Name, password and devices stay for "nod user enable".
At a terminal it asks first.`,
		Example: "  nod user disable alice\n  nod user disable alice --yes",
		Args:    arguments("NAME"),
		RunE:    onInstallation(mustExist, disableUser),
	}
	return bindJSON(bindYes(cmd))
}

func disableUser(v *verb) error {
	u, err := v.user(v.args[0])
	if err != nil {
		return err
	}
	sessions, err := v.Sessions.List(v.ctx, u.ID)
	if err != nil {
		return err
	}
	if err := v.surely("disable %s (%s) and end %s", u.Name, u.ID, counted(len(sessions), "session")); err != nil {
		return err
	}
	const reason = "disabled"
	err = v.DB.Write(v.ctx, func(tx *db.Tx) error {
		if err := v.Users.DisableTx(tx, u.ID); err != nil {
			return err
		}
		if _, err := v.Sessions.EndAllTx(tx, u.ID, "", reason); err != nil {
			return err
		}
		if err := v.Sessions.ForgetBrowsersTx(tx, u.ID, reason); err != nil {
			return err
		}
		return v.Tokens.RevokeUserTx(tx, u.ID, reason)
	})
	if err != nil {
		return err
	}
	return v.tellState(u.ID, "Disabled %s. %q undoes it.", plain(u.Name), "nod user enable "+u.Name)
}

func newUserEnableCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:     "enable NAME",
		Short:   "Let a disabled person sign in again",
		Example: "  nod user enable alice",
		Args:    arguments("NAME"),
		RunE: onInstallation(mustExist, func(v *verb) error {
			u, err := v.user(v.args[0])
			if err != nil {
				return err
			}
			if err := v.Users.Enable(v.ctx, u.ID); err != nil {
				return err
			}
			return v.tellState(u.ID, "Enabled %s.", plain(u.Name))
		}),
	}
	return bindJSON(cmd)
}

func newUserUnlockCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "unlock NAME",
		Short: "Forget wrong guesses, pauses and reports",
		Long: `Forget the wrong passwords and passcodes that were counted for a person, and end a
pause of push requests. What a report ("this wasn't me") holds against sign-ins ends
too: unknown browsers may come from that network again, and the password counts as
before; if somebody else may know it, set another one with "nod user password". A
disabled person stays disabled, and a device that was suspended for wrong PINs stays so
until "nod user devices NAME --resume ID".`,
		Example: "  nod user unlock alice",
		Args:    arguments("NAME"),
		RunE:    onInstallation(mustExist, unlockUser),
	}
	return bindJSON(cmd)
}

func unlockUser(v *verb) error {
	u, err := v.user(v.args[0])
	if err != nil {
		return err
	}
	err = v.DB.Write(v.ctx, func(tx *db.Tx) error {
		if err := throttle.UnlockTx(tx, u.ID, idp.PasswordAuthenticator, mfa.TypedAuthenticator, mfa.PasskeyAuthenticator, mfa.RecoveryAuthenticator); err != nil {
			return err
		}
		if err := mfa.UnlockTx(tx, u.ID); err != nil {
			return err
		}
		if err := idp.UnlockReportsTx(tx, u.ID, time.Now()); err != nil {
			return err
		}
		return v.Users.UnlockedTx(tx, u.ID)
	})
	if err != nil {
		return err
	}
	return v.tellState(u.ID, "Unlocked %s: counts, pauses and reports are forgotten.", plain(u.Name))
}

// tellState shows the person as he is now, or one sentence.
func (v *verb) tellState(id, format string, args ...any) error {
	u, err := v.Users.ByID(v.ctx, id)
	if err != nil {
		return err
	}
	return v.tell(viewUser(u), format, args...)
}
