package main

import (
	"errors"
	"fmt"
	"slices"

	"github.com/nod-idp/nod/devices"
	"github.com/nod-idp/nod/devices/otp"
	"github.com/nod-idp/nod/idp/user"
	"github.com/nod-idp/nod/internal/db"
	typed "github.com/nod-idp/nod/mfa/token"
)

func resyncToken(v *verb, room *typed.Tokens, u user.User) error {
	id := v.args[2]
	err := room.Resync(v.ctx, u.ID, id, v.args[3], v.args[4])
	if errors.Is(err, otp.ErrWrong) {
		return advised{fmt.Errorf("these are not two passcodes in a row, within %d presses of where the token should be", otp.ResyncWindow),
			"Press the button twice, and type both passcodes in that order."}
	}
	if err != nil {
		return fmt.Errorf("%q of %s: %w", id, u.Name, err)
	}
	t, err := room.Get(v.ctx, u.ID, id)
	if err != nil {
		return err
	}
	return v.tell(viewToken(t), "%s is back in step.", plain(t.Name))
}

func removeToken(v *verb, room *typed.Tokens, u user.User) error {
	id := v.args[2]
	all, err := room.List(v.ctx, u.ID)
	if err != nil {
		return err
	}
	i := slices.IndexFunc(all, func(t typed.Token) bool { return t.ID == id })
	if i < 0 {
		return fmt.Errorf("%q of %s: %w", id, u.Name, typed.ErrNotFound)
	}
	if err := v.certainly("remove for good %q (%s) of %s", all[i].Name, id, u.Name); err != nil {
		return err
	}
	phones, err := v.devices()
	if err != nil {
		return err
	}
	err = v.DB.Write(v.ctx, func(tx *db.Tx) error {
		if _, err := room.RemoveTx(tx, u.ID, id); err != nil {
			return err
		}
		if err := v.Sessions.ForgetBrowsersTx(tx, u.ID, "token removed"); err != nil {
			return err
		}
		return phones.NotifyTx(tx, u.ID, "", devices.TokenRemoved, all[i].Name)
	})
	if err != nil {
		return err
	}
	return v.tell(viewToken(all[i]), "Removed %s of %s.", plain(all[i].Name), plain(u.Name))
}
