package main

import (
	"time"

	"github.com/nod-idp/nod/devices"
	"github.com/nod-idp/nod/idp/letters"
	"github.com/nod-idp/nod/internal/audit"
	"github.com/nod-idp/nod/internal/db"
	"github.com/nod-idp/nod/internal/instance"
	"github.com/nod-idp/nod/internal/outbox"
	"github.com/nod-idp/nod/internal/seal"
	"github.com/nod-idp/nod/mfa"
	"github.com/nod-idp/nod/mfa/recovery"
	"github.com/nod-idp/nod/mfa/token"
)

// voidTx makes worthless what was issued before a restore, in the transaction that brings
// the rows back. The new epoch does so for all rows that carry one; what else may have been
// used since the backup is left to the rooms that know.
func voidTx(tx *db.Tx, keys seal.Keys, done *restored, now time.Time) error {
	clock := func() time.Time { return now }
	in, err := instance.RestoreTx(tx, keys, now)
	if err != nil {
		return err
	}
	done.Epoch = in.Epoch
	sent := &outbox.Outbox{Box: in.Box, Now: clock}
	if done.Dropped, err = sent.RestoredTx(tx); err != nil {
		return err
	}
	people := &devices.Devices{Box: in.Box, Epoch: in.Epoch, Now: clock, AlsoTell: (&letters.Letters{Outbox: sent, Now: clock}).NoticeTx}
	if err := people.RestoredTx(tx); err != nil {
		return err
	}
	if err := (&mfa.Service{}).RestoredTx(tx); err != nil {
		return err
	}
	if err := (&token.Tokens{Now: clock}).RestoredTx(tx, done.Backup.MadeAt); err != nil {
		return err
	}
	voided, err := (&recovery.Codes{Now: clock}).RestoredTx(tx)
	if err != nil {
		return err
	}
	for _, userID := range voided {
		if err := people.NotifyTx(tx, userID, "", devices.RecoveryCodesVoided, ""); err != nil {
			return err
		}
	}
	done.People = len(voided)
	return audit.Record(tx, audit.Entry{At: now, Action: "instance.restored", Subject: in.ID, Detail: map[string]any{
		"made_at": done.Backup.MadeAt, "epoch": in.Epoch, "former_epoch": done.Backup.Epoch, "rows": done.Backup.Rows,
		"recovery_codes_voided": done.People, "messages_dropped": done.Dropped,
	}})
}
