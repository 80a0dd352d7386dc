package idp_test

import (
	"context"
	"log/slog"
	"regexp"
	"testing"
	"time"

	"github.com/nod-idp/nod/idp"
	"github.com/nod-idp/nod/idp/letters"
	"github.com/nod-idp/nod/idp/reset"
	"github.com/nod-idp/nod/idp/signals"
	"github.com/nod-idp/nod/idp/user"
	"github.com/nod-idp/nod/internal/mail"
	"github.com/nod-idp/nod/internal/mail/mailtest"
	"github.com/nod-idp/nod/internal/outbox"
)

const next = "another quiet and longer passphrase"

// post is a world from which mails leave, to a server of the test's own.
type post struct {
	*world
	server *mailtest.Server
	job    *outbox.Job
}

func eachPost(t *testing.T, story func(t *testing.T, w *post)) {
	t.Helper()
	each(t, func(t *testing.T, w *world) { story(t, newPost(t, w)) })
}

func newPost(t *testing.T, w *world) *post {
	t.Helper()
	p := &post{world: w, server: mailtest.Start(t, mailtest.Options{})}
	server, err := mail.ParseServer(p.server.URL())
	must(t, err)
	now := func() time.Time { return w.clock }
	box := &outbox.Outbox{DB: w.DB, Box: w.Box, Now: now}
	w.Letters = &letters.Letters{
		Outbox: box, Users: w.Users, Sender: &mail.Sender{Server: server, From: "id@northwind.example"}, Organisation: "Northwind",
		PublicURL: issuer, Now: now,
	}
	w.Devices.AlsoTell = w.Letters.NoticeTx
	w.Signals = &signals.Signals{Outbox: box}
	w.Resets = &reset.Resets{DB: w.DB, Box: w.Box, Epoch: w.Epoch, Now: now}
	spread := &signals.Spread{Outbox: box, Users: w.Users, Letters: w.Letters, AlertTo: []string{"ops@northwind.example"}, Log: slog.New(slog.DiscardHandler)}
	p.job = &outbox.Job{Outbox: box, Log: slog.New(slog.DiscardHandler), Deliver: map[string]outbox.Deliver{
		letters.KindNotice: w.Letters.DeliverNotice, letters.KindMail: w.Letters.DeliverMail, idp.KindReset: w.DeliverReset,
		signals.KindSignal: spread.Deliver,
	}}
	w.alice, w.bob = p.verified(w.alice), p.verified(w.bob)
	return p
}

// verified is a person whose mail address counts.
func (p *post) verified(u user.User) user.User {
	p.t.Helper()
	u, err := p.Users.Set(p.t.Context(), u.ID, func(p *user.Profile) error {
		p.Claims.EmailVerified = true
		return nil
	})
	must(p.t, err)
	return u
}

// deliver runs the job until nothing waits. The clock stands meanwhile.
func (p *post) deliver() {
	p.t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		p.job.Run(ctx)
	}()
	defer func() { cancel(); <-done }()
	for range 2000 {
		if p.count("SELECT count(*) FROM outbox WHERE state = 'waiting'") == 0 {
			return
		}
		time.Sleep(5 * time.Millisecond)
	}
	p.t.Fatal("the outbox does not become empty")
}

// forgets asks for a reset as somebody who forgot the password.
func (p *post) forgets(typed, ip string) {
	p.t.Helper()
	must(p.t, p.AskForReset(p.t.Context(), idp.Browser{IP: ip, UserAgent: "Firefox on Linux"}, typed))
}

var codeInMail = regexp.MustCompile(`https://login\.example\.com/reset#(nrc_[\w-]+)`)

// code is what the next mail about a new password holds; other news are passed over.
func (p *post) code() string {
	p.t.Helper()
	for {
		if found := codeInMail.FindStringSubmatch(p.server.Next().Text); found != nil {
			return found[1]
		}
	}
}

// mailed asks for a code and takes it out of the mail.
func (p *post) mailed(typed string) string {
	p.t.Helper()
	p.forgets(typed, home)
	p.deliver()
	return p.code()
}

// opened is a ticket for a code.
func (p *post) opened(code string) string {
	p.t.Helper()
	ticket, err := p.OpenReset(p.t.Context(), code)
	must(p.t, err)
	return ticket
}

// sets chooses a password with a ticket.
func (p *post) sets(ticket, chosen string) error {
	p.t.Helper()
	who, err := p.Resetting(p.t.Context(), ticket)
	if err != nil {
		return err
	}
	return p.ResetPassword(p.t.Context(), idp.Browser{IP: home}, ticket, who.Form, chosen)
}
