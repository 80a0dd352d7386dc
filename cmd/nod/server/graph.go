package server

import (
	"context"
	"errors"
	"fmt"
	"os"
	"sync"
	"time"

	"github.com/nod-idp/nod/cmd/nod/metrics"
	"github.com/nod-idp/nod/devices"
	"github.com/nod-idp/nod/devices/push"
	"github.com/nod-idp/nod/idp"
	"github.com/nod-idp/nod/idp/ciba"
	"github.com/nod-idp/nod/idp/client"
	"github.com/nod-idp/nod/idp/consent"
	"github.com/nod-idp/nod/idp/entra"
	"github.com/nod-idp/nod/idp/keys"
	"github.com/nod-idp/nod/idp/letters"
	"github.com/nod-idp/nod/idp/logout"
	"github.com/nod-idp/nod/idp/pairing"
	"github.com/nod-idp/nod/idp/password"
	"github.com/nod-idp/nod/idp/pushed"
	"github.com/nod-idp/nod/idp/ruleset"
	"github.com/nod-idp/nod/idp/session"
	"github.com/nod-idp/nod/idp/token"
	"github.com/nod-idp/nod/idp/user"
	"github.com/nod-idp/nod/internal/audit"
	"github.com/nod-idp/nod/internal/db"
	"github.com/nod-idp/nod/internal/disk"
	"github.com/nod-idp/nod/internal/geo"
	"github.com/nod-idp/nod/internal/instance"
	"github.com/nod-idp/nod/internal/outbound"
	"github.com/nod-idp/nod/internal/outbox"
	"github.com/nod-idp/nod/internal/seal"
	"github.com/nod-idp/nod/mfa"
	"github.com/nod-idp/nod/mfa/passkey"
	"github.com/nod-idp/nod/mfa/recovery"
	"github.com/nod-idp/nod/mfa/throttle"
	typed "github.com/nod-idp/nod/mfa/token"
	"github.com/nod-idp/nod/web/guard"
)

// Server is nod, opened and ready to serve. Its rooms are exported for tests and
// for the demo.
type Server struct {
	Options   Options
	DB        *db.DB
	Instance  *instance.Instance
	Users     *user.Users
	Clients   *client.Clients
	Devices   *devices.Devices
	Push      *push.Pager
	PushKey   *push.Identity // what the web app subscribes with
	Outbound  *outbound.Client
	Keys      *keys.Ring
	Sessions  *session.Sessions
	Tokens    *token.Tokens
	Pairings  *pairing.Pairings
	Pushed    *pushed.Requests
	Inquiries *ciba.Inquiries
	Guesses   *throttle.Guesses
	Passkeys  *passkey.Passkeys
	MFA       *mfa.Service
	Logins    *idp.Service
	Audit     *audit.Sealer
	Outbox    *outbox.Outbox
	Entra     *entra.Tenants
	Letters   *letters.Letters
	Logout    *logout.Logout
	Rulesets  *ruleset.Rulesets

	lock     *os.File
	ballast  *disk.Ballast // nil on PostgreSQL
	ready    readiness
	rules    rules
	metrics  *metrics.Metrics // nil: nobody is told
	streams  *guard.Streams
	shutdown chan struct{}
	stopping sync.Once
}

// Open opens the database and builds the rooms. On SQLite it takes the data
// directory's lock, so that a second server is refused. Close it when done.
func Open(ctx context.Context, o Options) (s *Server, err error) {
	if err := o.check(); err != nil {
		return nil, err
	}
	s = &Server{Options: o, shutdown: make(chan struct{})}
	defer func() {
		if err != nil {
			err = errors.Join(err, s.Close())
		}
	}()
	if o.Place.Data != "" {
		if err := os.MkdirAll(o.Place.Data, 0o700); err != nil {
			return s, fmt.Errorf("data directory: %w", err)
		}
	}
	if o.Place.Database == "" {
		if s.lock, err = lockDir(o.Place.Data); err != nil {
			return s, err
		}
		if err := s.settle(); err != nil {
			return s, err
		}
	}
	keys, err := seal.LoadOrCreateRing(o.Place.KeyFile())
	if err != nil {
		return s, err
	}
	opener := db.Opener{URL: o.Place.DatabaseAddress(), Tell: func(sentence string) { o.log().Info("nod " + sentence) }}
	if s.DB, err = opener.Open(ctx); err != nil {
		return s, err
	}
	s.openDisk()
	if s.Instance, err = instance.Open(ctx, s.DB, keys, s.now()); err != nil {
		return s, err
	}
	if err := instance.SetPublicURL(ctx, s.DB, o.PublicURL); err != nil {
		return s, fmt.Errorf("record the public URL: %w", err)
	}
	s.build()
	if err := s.openRules(ctx); err != nil {
		return s, err
	}
	if o.GeoDatabase != "" {
		if s.MFA.Places, err = geo.Open(o.GeoDatabase); err != nil {
			return s, err
		}
	}
	s.streams = &guard.Streams{Max: o.MaxWaitingStreams, Shutdown: s.shutdown}
	s.openOutbox()
	if err := s.openPush(ctx); err != nil {
		return s, err
	}
	s.count()
	if err := s.Keys.Start(ctx); err != nil {
		return s, err
	}
	return s, nil
}

func (s *Server) now() time.Time {
	if s.Options.Now == nil {
		return time.Now()
	}
	return s.Options.Now()
}

// build connects the rooms in the direction a login travels.
func (s *Server) build() {
	o, box, epoch := s.Options, s.Instance.Box, s.Instance.Epoch
	s.Users = &user.Users{DB: s.DB, Now: o.Now}
	s.Clients = &client.Clients{DB: s.DB, Now: o.Now}
	s.Audit = &audit.Sealer{DB: s.DB, Box: box, Now: o.Now, Log: o.log()}
	s.Guesses = &throttle.Guesses{DB: s.DB, Now: o.Now}
	s.Devices = &devices.Devices{
		DB: s.DB, Box: box, Epoch: epoch, PublicURL: o.PublicURL, Accounts: People{s.Users}, Now: o.Now, MatchDigits: o.Policy.MatchDigits,
		Rule: o.DeviceVerification, Organisation: o.Brand.Name,
	}
	s.Passkeys = &passkey.Passkeys{DB: s.DB, Box: box, Epoch: epoch, PublicURL: o.PublicURL, Organisation: o.Brand.Name, Now: o.Now}
	s.MFA = &mfa.Service{
		DB: s.DB, Box: box, Epoch: epoch, Issuer: o.PublicURL, Devices: s.Devices, People: People{s.Users},
		Passkeys: s.Passkeys, Guesses: s.Guesses, Now: o.Now, Window: o.ApprovalWindow, Finish: o.FinishWindow, Relay: o.Relay,
	}
	s.MFA.Tokens = &typed.Tokens{DB: s.DB, Box: box, Now: o.Now}
	s.MFA.Recovery = &recovery.Codes{DB: s.DB, Box: box, Now: o.Now}
	s.Keys = &keys.Ring{DB: s.DB, Box: box, Bits: o.RSABits, Now: o.Now}
	s.Sessions = &session.Sessions{
		DB: s.DB, Epoch: epoch, Now: o.Now, Absolute: o.SessionAbsolute, Idle: o.SessionIdle, KnownBrowser: o.KnownBrowser,
	}
	s.Tokens = &token.Tokens{
		DB: s.DB, Box: box, Epoch: epoch, Issuer: o.PublicURL, Keys: s.Keys, Sessions: s.Sessions, People: s.Users, Now: o.Now,
		CodeLife: o.CodeLife, IDTokenLife: o.IDTokenLife, AccessLife: o.AccessTokenLife,
		RefreshIdle: o.RefreshIdle, RefreshAbsolute: o.RefreshAbsolute,
	}
	s.Pairings = &pairing.Pairings{DB: s.DB, Box: box, Epoch: epoch, Tokens: s.Tokens, Guesses: s.Guesses, Now: o.Now}
	s.Pushed = &pushed.Requests{DB: s.DB, Epoch: epoch, Now: o.Now}
	hasher := o.Hasher
	if hasher == nil {
		hasher = &password.Hasher{}
	}
	s.Logins = &idp.Service{
		DB: s.DB, Box: box, Epoch: epoch, Users: s.Users, Clients: s.Clients, Sessions: s.Sessions, Tokens: s.Tokens,
		Consents: &consent.Consents{DB: s.DB, Now: o.Now},
		Hasher:   hasher, Guesses: s.Guesses, MFA: s.MFA, Devices: s.Devices, Policy: o.Policy, Now: o.Now, Lifetime: o.LoginLifetime,
		Passwords: password.Policy{MinLength: o.MinPasswordLength}, PasswordWords: []string{o.Brand.Name, o.PublicURL},
	}
	s.Rulesets = &ruleset.Rulesets{DB: s.DB, Now: o.Now}
	s.Entra = &entra.Tenants{DB: s.DB, Box: box, Epoch: epoch, PublicURL: o.PublicURL, Logins: s.Logins, Guesses: s.Guesses, Bits: o.RSABits, Now: o.Now}
	s.MFA.OnReport, s.MFA.Reports = s.Logins.ReportedTx, s.warnOfReport
}

// Close gives back everything that Open took, in the opposite order.
func (s *Server) Close() error {
	var errs []error
	if s.Sessions != nil {
		s.Sessions.Wait()
	}
	if s.Outbound != nil {
		s.Outbound.CloseIdle()
	}
	if s.MFA != nil {
		errs = append(errs, s.MFA.Places.Close())
	}
	if s.DB != nil {
		errs = append(errs, s.DB.Close())
	}
	if s.lock != nil {
		errs = append(errs, s.lock.Close())
	}
	if l := s.Options.Metrics; l != nil {
		_ = l.Close() // closed already, if it was served on
	}
	return errors.Join(errs...)
}
