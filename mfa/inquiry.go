package mfa

import (
	"strings"
	"time"

	"github.com/nod-idp/nod/internal/db"
)

// inquirers opens the scope of a budget that belongs to one client which asks a person by
// itself. It has nothing to do with those of browsers: neither uses up the other's.
const inquirers = "client:"

// scope is the budget that a prompt is charged to.
func (a Ask) scope() string {
	if a.Inquiry {
		return inquirers + a.ClientID
	}
	return budgetScope(a.KnownBrowser)
}

// goesBefore reports whether this browser may end another's request, by the budget that
// the other was charged to. A client that asks by itself never does.
func (a Ask) goesBefore(budget string) bool {
	return a.KnownBrowser != "" && !a.Inquiry && (budget == unknownBrowsers || strings.HasPrefix(budget, inquirers))
}

// inquires reports whether no browser asked but a client by itself.
func (c challenge) inquires() bool { return strings.HasPrefix(c.Budget, inquirers) }

// tellInquirerTx tells whoever carries inquiries what became of one.
func (s *Service) tellInquirerTx(tx *db.Tx, c challenge, to State) error {
	if s.OnInquiry == nil || !c.inquires() {
		return nil
	}
	return s.OnInquiry(tx, c.LoginID, to)
}

func earlier(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}
