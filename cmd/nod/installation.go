package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	osuser "os/user"
	"strconv"
	"time"

	"github.com/nod-idp/nod/cmd/nod/config"
	"github.com/nod-idp/nod/idp/client"
	"github.com/nod-idp/nod/idp/logout"
	"github.com/nod-idp/nod/idp/ruleset"
	"github.com/nod-idp/nod/idp/session"
	"github.com/nod-idp/nod/idp/token"
	"github.com/nod-idp/nod/idp/user"
	"github.com/nod-idp/nod/internal/audit"
	"github.com/nod-idp/nod/internal/db"
	"github.com/nod-idp/nod/internal/instance"
	"github.com/nod-idp/nod/internal/seal"
)

// installation is a database opened for one verb, with the rooms that verbs use. A
// server may run on it at the same time.
type installation struct {
	Config   config.Config // the place, and the rule for passwords
	DB       *db.DB
	Instance *instance.Instance
	Users    *user.Users
	Clients  *client.Clients
	Sessions *session.Sessions
	Tokens   *token.Tokens
	Rulesets *ruleset.Rulesets
}

// beginning says whether a verb may begin an installation where there is none.
type beginning int

const (
	mustExist beginning = iota
	mayBegin
)

var errNoInstallation = errors.New("there is no nod installation here")

// openInstallation opens what the configuration names.
func openInstallation(ctx context.Context, c config.Config, b beginning) (_ *installation, err error) {
	keys, fresh, err := openPlace(c, b)
	if err != nil {
		return nil, err
	}
	in := &installation{Config: c}
	defer func() {
		if err == nil {
			return
		}
		if in.DB != nil {
			err = errors.Join(err, in.DB.Close())
		}
		if fresh && errors.Is(err, instance.ErrWrongKey) { // it never belonged to anything
			err = errors.Join(err, os.Remove(c.KeyFile()))
		}
	}()
	opener := db.Opener{URL: c.DatabaseAddress(), Tell: func(sentence string) { fmt.Fprintln(os.Stderr, "nod "+sentence+".") }}
	if in.DB, err = opener.Open(ctx); err != nil {
		return nil, err
	}
	if in.Instance, err = instance.Open(ctx, in.DB, keys, time.Now()); err != nil {
		return nil, err
	}
	in.Users = &user.Users{DB: in.DB}
	in.Clients = &client.Clients{DB: in.DB}
	in.Rulesets = &ruleset.Rulesets{DB: in.DB}
	// What ends a session from here is told by the server that runs on the same database.
	told := &logout.Logout{Outbox: in.outbox()}
	in.Sessions = &session.Sessions{DB: in.DB, Epoch: in.Instance.Epoch, OnEnd: told.TellTx}
	in.Tokens = &token.Tokens{DB: in.DB, Box: in.Instance.Box, Epoch: in.Instance.Epoch, Sessions: in.Sessions}
	return in, nil
}

// openPlace sees to the data directory and reads the sealing key. fresh tells that
// the key was made just now.
func openPlace(c config.Config, b beginning) (keys *seal.Ring, fresh bool, err error) {
	begun, err := exists(c.KeyFile())
	if err != nil {
		return nil, false, err
	}
	if c.Database == "" {
		there, err := exists(c.DatabaseAddress())
		if err != nil {
			return nil, false, err
		}
		if stopped, err := exists(db.Restoring(c.DatabaseAddress())); err != nil || stopped && !there {
			return nil, false, errors.Join(err, db.ErrNotRestored)
		}
		if !there && (b == mustExist || !c.Named()) {
			return nil, false, noInstallation(c, nil)
		}
		begun = begun || there // a database whose key is missing gets no new one
	}
	if begun || b == mustExist {
		keys, err = seal.LoadRing(c.KeyFile())
		if errors.Is(err, fs.ErrNotExist) {
			err = advised{err, "The data cannot be read without the key it was begun with. Name its file: --sealing-key-file FILE."}
		}
		return keys, false, err
	}
	if c.Data != "" {
		if err := os.MkdirAll(c.Data, 0o700); err != nil {
			return nil, false, fmt.Errorf("data directory: %w", err)
		}
	}
	keys, err = seal.LoadOrCreateRing(c.KeyFile())
	return keys, err == nil, err
}

// noInstallation says that there is nothing where the configuration points, unless err says
// why that is not known.
func noInstallation(c config.Config, err error) error {
	if err != nil {
		return err
	}
	return advised{fmt.Errorf("%w: no %s", errNoInstallation, c.DatabaseAddress()),
		"Name the data directory with --data DIR or NOD_DATA, or PostgreSQL with --database URL."}
}

func exists(path string) (bool, error) {
	_, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	return err == nil, err
}

// Close gives the database back.
func (in *installation) Close() error { return in.DB.Close() }

// fromCommandLine says in the journal who did what follows.
func fromCommandLine(ctx context.Context) context.Context { return audit.As(ctx, "cli:"+osUser()) }

// osUser is the account that runs the command.
func osUser() string {
	if u, err := osuser.Current(); err == nil && u.Username != "" {
		return u.Username
	}
	return strconv.Itoa(os.Getuid())
}
