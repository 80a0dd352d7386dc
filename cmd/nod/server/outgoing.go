package server

import (
	"github.com/nod-idp/nod/idp"
	"github.com/nod-idp/nod/idp/ciba"
	"github.com/nod-idp/nod/idp/letters"
	"github.com/nod-idp/nod/idp/logout"
	"github.com/nod-idp/nod/idp/reset"
	"github.com/nod-idp/nod/idp/signals"
	"github.com/nod-idp/nod/internal/outbox"
	"github.com/nod-idp/nod/internal/webhook"
)

// openOutbox connects what leaves by mail and webhook with the rooms that have something
// to tell.
func (s *Server) openOutbox() {
	o := s.Options
	s.Outbox = &outbox.Outbox{DB: s.DB, Box: s.Instance.Box, Now: o.Now}
	s.Letters = &letters.Letters{
		Outbox: s.Outbox, Users: s.Users, Sender: o.Mail, Organisation: o.Brand.Name, PublicURL: o.PublicURL, Now: o.Now,
	}
	s.Logout = &logout.Logout{Outbox: s.Outbox, Clients: s.Clients, Keys: s.Keys, Issuer: o.PublicURL, Now: o.Now}
	s.Sessions.OnEnd = s.Logout.TellTx
	s.Inquiries = &ciba.Inquiries{
		DB: s.DB, Box: s.Instance.Box, Epoch: s.Instance.Epoch, Users: s.Users, Clients: s.Clients, Tokens: s.Tokens, MFA: s.MFA,
		Outbox: s.Outbox, Demand: s.Logins.InquiryDemand, Now: o.Now, Log: o.log(),
	}
	s.MFA.OnInquiry = s.Inquiries.SettleTx
	s.Devices.AlsoTell = s.Letters.NoticeTx
	s.Logins.Letters = s.Letters
	s.Logins.Signals = &signals.Signals{Outbox: s.Outbox}
	s.Logins.Resets = &reset.Resets{DB: s.DB, Box: s.Instance.Box, Epoch: s.Instance.Epoch, Now: o.Now}
}

// outboxJob delivers what waits in the outbox.
func (s *Server) outboxJob() *outbox.Job {
	o := s.Options
	spread := &signals.Spread{
		Outbox: s.Outbox, Users: s.Users, Letters: s.Letters, Webhooks: o.Webhooks, AlertTo: o.AlertTo, Log: o.log(),
		Poster: &webhook.Poster{Client: s.Outbound, Secret: o.WebhookSecret, Now: o.Now},
	}
	s.Logout.Client, s.Inquiries.Outbound = s.Outbound, s.Outbound
	return s.countJob(&outbox.Job{Outbox: s.Outbox, Log: o.log(), Deliver: map[string]outbox.Deliver{
		letters.KindNotice:  s.Letters.DeliverNotice,
		letters.KindMail:    s.Letters.DeliverMail,
		signals.KindSignal:  spread.Deliver,
		signals.KindWebhook: spread.Call,
		idp.KindReset:       s.Logins.DeliverReset,
		logout.Kind:         s.Logout.Deliver,
		ciba.KindPing:       s.Inquiries.DeliverPing,
	}})
}
