package portal

import (
	"net/http"
	"net/url"

	"github.com/nod-idp/nod/idp"
)

// Reports lists sign-ins that the person reported, and what that still holds. Buttons
// lift-{id}, link change-password, state reports.
type Reports struct {
	Frame
	Reports     []ReportRow
	PasswordURL string // where a frozen password is changed, "" if it is not frozen
}

// ReportRow is one report.
type ReportRow struct {
	ID      string
	Browser string
	System  string
	IP      string
	When    Moment
	Until   Moment // how long unknown browsers are kept out, never if they are not
	LiftURL string
	Token   string
}

// Reported is what the list of devices says of reports, empty if nothing.
type Reported struct {
	URL         string
	Frozen      bool // the password has to be changed
	PasswordURL string
}

// reported looks for reports that still hold something.
func (s *Surface) reported(r *http.Request, h idp.Holder) (view Reported, err error) {
	all, err := s.Logins.Reports(r.Context(), h)
	for _, one := range all {
		if one.PasswordFrozen || one.Blocks(s.now()) {
			view.URL, view.PasswordURL = reportsPath, passwordPath
		}
		view.Frozen = view.Frozen || one.PasswordFrozen
	}
	return view, err
}

func (s *Surface) reports(w http.ResponseWriter, r *http.Request, h idp.Holder) error {
	all, err := s.Logins.Reports(r.Context(), h)
	if err != nil {
		return err
	}
	view := Reports{Frame: framed(sectionDevices)}
	for _, one := range all {
		row := ReportRow{ID: one.ID, Browser: one.Browser, System: one.OS, IP: one.IP, When: clock(one.At)}
		if one.Blocks(s.now()) {
			row.Until = clock(one.BlockedUntil)
			row.LiftURL, row.Token = reportsPath+"/"+one.ID+"/lift", s.formOf(h, "lift", one.ID)
		}
		if one.PasswordFrozen {
			view.PasswordURL = passwordPath
		}
		view.Reports = append(view.Reports, row)
	}
	return s.set.Render(w, http.StatusOK, "reports", view)
}

// liftReport lets unknown browsers in from that network again.
func (s *Surface) liftReport(r *http.Request, f idp.Fresh, _ url.Values) (string, error) {
	return reportsPath, s.Logins.LiftReport(r.Context(), f, r.PathValue("report"))
}

// holderFor returns who may change what a page is about. After a report push is not
// enough for the password, and never for the report itself.
func (s *Surface) holderFor(r *http.Request, name idp.AccountName) (idp.Fresh, error) {
	b := s.Jar.Browser(r)
	switch name {
	case idp.AccountPassword:
		return s.Logins.PasswordHolder(r.Context(), b)
	case idp.AccountReports:
		return s.Logins.ReportHolder(r.Context(), b)
	}
	return s.Logins.FreshHolder(r.Context(), b)
}
