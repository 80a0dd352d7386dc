package idp

import (
	"context"
	"regexp"
	"slices"
)

// AccountPage is where a login to the person's own pages leads back to. It is kept in
// the stored request as a name and an id, never as an address.
type AccountPage struct {
	Name AccountName `json:"name,omitempty"`
	Item string      `json:"item,omitempty"` // the id that the page is about, or ""
	// Change asks for the strength that a change needs, and not only a look.
	Change bool `json:"change,omitempty"`
}

// AccountName names one of the person's own pages.
type AccountName string

// The person's own pages.
const (
	AccountDevices    AccountName = "devices"
	AccountDevice     AccountName = "device"
	AccountAdd        AccountName = "add"
	AccountEnrolment  AccountName = "enrolment"
	AccountConfirm    AccountName = "confirm"
	AccountActivity   AccountName = "activity"
	AccountSessions   AccountName = "sessions"
	AccountPassword   AccountName = "password"
	AccountToken      AccountName = "token"
	AccountAddToken   AccountName = "add token"
	AccountNewToken   AccountName = "new token"
	AccountRecovery   AccountName = "recovery"
	AccountPasskey    AccountName = "passkey"
	AccountAddPasskey AccountName = "add passkey"
	AccountReports    AccountName = "reports"
)

var accountNames = []AccountName{
	AccountDevices, AccountDevice, AccountAdd, AccountEnrolment, AccountConfirm, AccountActivity, AccountSessions, AccountPassword, AccountToken, AccountAddToken, AccountNewToken, AccountRecovery,
	AccountPasskey, AccountAddPasskey, AccountReports,
}

var itemForm = regexp.MustCompile(`^[a-z]{3}_[a-z0-9]{1,64}$`)

// clean returns the page with what is not one of ours left out.
func (p AccountPage) clean() AccountPage {
	if !slices.Contains(accountNames, p.Name) {
		p.Name = AccountDevices
	}
	if !itemForm.MatchString(p.Item) {
		p.Item = ""
	}
	return p
}

// BeginAccount begins a login to one of the person's own pages.
func (s *Service) BeginAccount(ctx context.Context, b Browser, page AccountPage) (Begun, error) {
	return s.Begin(ctx, AuthRequest{ClientID: AccountPages, Prompt: []string{"login"}, Account: page.clean()}, b)
}
