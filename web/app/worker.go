package app

import (
	"encoding/json"
	"fmt"
	"net/http"
)

// served is what the worker is told: serve() in static/app/worker.js reads it.
type served struct {
	Release string      `json:"release"`
	Page    string      `json:"page"`
	Shell   []string    `json:"shell"`
	Icon    string      `json:"icon"`
	Badge   string      `json:"badge"`
	Texts   workerTexts `json:"texts"`
}

// workerTexts is what the worker says by itself, in notifications. Gaps are {named}.
type workerTexts struct {
	Request            string `json:"request"`
	RequestBody        string `json:"requestBody"`
	RequestBodyAccount string `json:"requestBodyAccount"`
	RequestUnseen      string `json:"requestUnseen"`
	Approve            string `json:"approve"`
	Deny               string `json:"deny"`
	Over               string `json:"over"`
	OverBody           string `json:"overBody"`
	Approved           string `json:"approved"`
	ApprovedBody       string `json:"approvedBody"`
	NotAnswered        string `json:"notAnswered"`
	NotAnsweredBody    string `json:"notAnsweredBody"`
	NotApproved        string `json:"notApproved"`
	NotApprovedBody    string `json:"notApprovedBody"`
	DeviceAdded        string `json:"deviceAdded"`
	DeviceRemoved      string `json:"deviceRemoved"`
	PasswordChanged    string `json:"passwordChanged"`
	Notice             string `json:"notice"`
	NoticeBody         string `json:"noticeBody"`
}

func (s *Surface) texts() workerTexts {
	t := s.site
	return workerTexts{
		Request:            t.Text("app.worker.request"),
		RequestBody:        t.Text("app.worker.request.body", "{client}", "{place}"),
		RequestBodyAccount: t.Text("app.worker.request.account", "{client}", "{place}", "{account}"),
		RequestUnseen:      t.Text("app.worker.unseen"),
		Approve:            t.Text("app.request.approve"),
		Deny:               t.Text("app.request.deny"),
		Over:               t.Text("app.worker.over"),
		OverBody:           t.Text("app.worker.over.body"),
		Approved:           t.Text("app.worker.approved"),
		ApprovedBody:       t.Text("app.worker.approved.body"),
		NotAnswered:        t.Text("app.worker.notanswered"),
		NotAnsweredBody:    t.Text("app.worker.notanswered.body"),
		NotApproved:        t.Text("app.worker.notapproved"),
		NotApprovedBody:    t.Text("app.worker.notapproved.body"),
		DeviceAdded:        t.Text("app.worker.added"),
		DeviceRemoved:      t.Text("app.worker.removed"),
		PasswordChanged:    t.Text("app.worker.password"),
		Notice:             t.Text("app.worker.notice"),
		NoticeBody:         "{about}",
	}
}

// worker answers with the service worker. It is a script of two lines, since its
// address must stay the same and lie in the scope, whereas what it does is a static
// file of this release: a new release changes the script, and browsers install the
// worker anew.
func (s *Surface) worker(w http.ResponseWriter, _ *http.Request) error {
	script, err := s.script()
	if err != nil {
		return fmt.Errorf("write the worker: %w", err)
	}
	w.Header().Set("Content-Type", "text/javascript; charset=utf-8")
	w.Header().Set("Cache-Control", "no-cache")
	_, err = w.Write(script)
	return err
}

func (s *Surface) script() ([]byte, error) {
	told := served{Release: s.site.Release(), Page: Home, Texts: s.texts()}
	var err error
	if told.Shell, err = s.shell(); err != nil {
		return nil, err
	}
	if told.Icon, err = s.site.Static("icons/app-192.png"); err != nil {
		return nil, err
	}
	if told.Badge, err = s.site.Static("icons/badge-96.png"); err != nil {
		return nil, err
	}
	source, err := s.site.Static("app/worker.js")
	if err != nil {
		return nil, err
	}
	// JSON is JavaScript, and an address of ours has nothing in it to be quoted.
	options, err := json.MarshalIndent(told, "", "\t")
	if err != nil {
		return nil, err
	}
	return fmt.Appendf(nil, "import { serve } from %q;\n\nserve(%s);\n", source, options), nil
}
