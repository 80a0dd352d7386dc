package main

import (
	"errors"
	"io/fs"

	"github.com/nod-idp/nod/devices"
	"github.com/nod-idp/nod/idp/client"
	"github.com/nod-idp/nod/idp/entra"
	"github.com/nod-idp/nod/idp/password"
	"github.com/nod-idp/nod/idp/session"
	"github.com/nod-idp/nod/idp/user"
	"github.com/nod-idp/nod/internal/audit"
	"github.com/nod-idp/nod/internal/db"
	"github.com/nod-idp/nod/internal/instance"
	"github.com/nod-idp/nod/internal/outbox"
	"github.com/nod-idp/nod/mfa/token"
)

// advised is a failure that knows what to do next.
type advised struct {
	error
	next string
}

func (e advised) Unwrap() error { return e.error }

// advice says what to do about a failure, "" if nothing general can be said.
func advice(err error) string {
	var own advised
	var refusal *password.Refusal
	switch {
	case errors.As(err, &own):
		return own.next
	case errors.As(err, &refusal):
		return "Choose another password, or let nod make one with --generate."
	}
	for _, known := range []struct {
		err  error
		next string
	}{
		{db.ErrNotRestored, "Run \"nod restore\" again. To begin an empty installation instead, delete nod.db.restoring first."},
		{user.ErrNotFound, "\"nod user list\" shows the users there are."},
		{user.ErrNameTaken, "\"nod user list\" shows who has it. Choose another name."},
		{user.ErrEmailTaken, "\"nod user list\" shows who has it. An address opens one account only."},
		{user.ErrGroupNotFound, "\"nod group list\" shows the groups there are."},
		{user.ErrGroupTaken, "Choose another name, or use the group that there is."},
		{entra.ErrNotFound, "\"nod entra list\" shows the tenants there are."},
		{entra.ErrNameTaken, "\"nod entra list\" shows it. Choose another name, or remove that one first."},
		{entra.ErrLinked, "\"nod entra links NAME\" shows whose it is; \"nod entra unlink\" takes it from them."},
		{entra.ErrNotLinked, "\"nod entra links NAME\" shows the accounts that are linked."},
		{entra.ErrNoCodes, "Register the tenant with --enrol, or link the account with \"nod entra link\"."},
		{client.ErrNotFound, "\"nod client list\" shows the clients there are."},
		{client.ErrTaken, "\"nod client show ID\" shows it, \"nod client set ID\" changes it."},
		{client.ErrUsed, "Choose another id. What the removed client was given still names the old one."},
		{client.ErrKeyed, "\"nod client set ID --auth-method client_secret_basic\" makes it one that has."},
		{client.ErrPublic, "\"nod client set ID --public=false\" makes it confidential."},
		{devices.ErrNoAccount, "\"nod user enable NAME\" lets the person in again."},
		{devices.ErrNotFound, "\"nod user devices NAME\" shows the devices there are, and their states."},
		{token.ErrNotFound, "\"nod user token NAME\" shows the apps and tokens there are."},
		{token.ErrTooMany, "\"nod user token NAME remove ID\" makes room for another."},
		{outbox.ErrNotFound, "\"nod outbox list\" shows the messages there are, and their states."},
		{session.ErrNone, "\"nod user sessions NAME\" shows the sessions that are still open."},
		{instance.ErrWrongKey, "Name the key file that the database was begun with: --sealing-key-file FILE."},
		{db.ErrNewer, "Use the nod that migrated it, or the backup from before (docs/upgrade.md)."},
		{db.ErrNoRoom, "Make room, or copy nod.db elsewhere yourself and migrate it there."},
		{audit.ErrBroken, "Compare with a backup. Entries before that place still hold."},
		{fs.ErrPermission, "Run this as the user that the server runs as."},
	} {
		if errors.Is(err, known.err) {
			return known.next
		}
	}
	return ""
}
