// Package doctor examines nod as an external authentication method of Microsoft Entra. It
// looks at the running server from outside, as Entra does, holds conversations with it in
// the name of a small Entra of its own, and rehearses whole sign-ins on a throw-away
// server. It owns what is examined and in which words it is told; the contract is
// idp/entra's, Entra's side of it idp/entra/fake's.
//
// What only Microsoft can see, such as whether consent was granted, it cannot examine: it
// lists the errors that Entra shows then, and their cures.
package doctor

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"github.com/nod-idp/nod/idp/entra"
	"github.com/nod-idp/nod/internal/outbound"
)

// Patient is the tenant that is examined, and the installation it belongs to.
type Patient struct {
	Tenants *entra.Tenants
	Tenant  entra.Tenant
	// Unready counts the people who are linked and have nothing to prove themselves with.
	Unready func(ctx context.Context) (linked, unready int, err error)
}

// State is how a finding came out.
type State string

// The states, from good to bad.
const (
	OK      State = "ok"
	Skipped State = "skipped" // it could not be examined; Says tells why
	Warning State = "warning" // it works, or may, and somebody should look at it
	Failed  State = "failed"  // Entra would not let people through
)

// Finding is the outcome of one examination.
type Finding struct {
	Area  string `json:"area"`
	Name  string `json:"name"`
	State State  `json:"state"`
	Says  string `json:"says,omitempty"`
	Cure  string `json:"cure,omitempty"`
}

// Report is everything that was found.
type Report struct {
	Findings []Finding    `json:"findings"`
	Known    []KnownError `json:"known_errors"`
}

// Failed reports whether anything would keep people out.
func (r Report) Failed() (n int) {
	for _, f := range r.Findings {
		if f.State == Failed {
			n++
		}
	}
	return n
}

// KnownError is something that Entra says to people or administrators.
type KnownError struct {
	Text  string `json:"text"`
	Means string `json:"means"`
	Cure  string `json:"cure"`
}

// known are the errors of Microsoft's provider reference.
func known(t entra.Tenant, publicURL string) []KnownError {
	return []KnownError{
		{"AADSTS900491: Service principal " + t.AppID + " not found.",
			"the application is not in the tenant, or nobody consented to it",
			"Grant admin consent to the application in the tenant " + t.TenantID + "."},
		{"ENTRA IDSTS50161: Failed to validate authorization url of external claims provider!",
			"the authorization endpoint is not among the redirect URIs of the application",
			"Add " + t.AuthorizationURL(publicURL) + " to the application's redirect URIs, character by character."},
		{"ENTRA IDSTS50012: External ID token from issuer '" + t.Issuer(publicURL) + "' failed signature verification.",
			"Entra has not read the key that signed yet, which it does once a day",
			"Roll keys over with \"nod entra keys --rotate\", which gives Entra two days. After --replace wait."},
	}
}

// examination is one visit. Findings are added as they come.
type examination struct {
	Patient
	ctx    context.Context
	client *http.Client
	report Report
}

// Examine looks at a tenant in every way. quick leaves out conversations and rehearsals.
func Examine(ctx context.Context, p Patient, quick bool) Report {
	e := &examination{Patient: p, ctx: ctx, client: &http.Client{Timeout: 10 * time.Second}, report: Report{Known: known(p.Tenant, p.Tenants.PublicURL)}}
	e.address()
	metadata, up := e.reach()
	e.keys()
	e.people()
	e.microsoft()
	if quick {
		return e.report
	}
	if up {
		e.converse(metadata)
	}
	e.rehearse()
	return e.report
}

func (e *examination) found(area, name string, state State, cure, format string, args ...any) {
	f := Finding{Area: area, Name: name, State: state, Says: fmt.Sprintf(format, args...)}
	if state != OK {
		f.Cure = cure
	}
	e.report.Findings = append(e.report.Findings, f)
}

// microsoft looks whether hints could be verified from here.
func (e *examination) microsoft() {
	const area, name = "Microsoft", "Entra’s keys can be fetched from this machine"
	client := e.Tenants.Client
	if client == nil {
		client = &outbound.Client{}
	}
	keys, clock, err := e.Tenants.Look(e.ctx, e.Tenant, client)
	if err != nil {
		e.found(area, name, Warning, "The server has to reach Microsoft by https. Where it runs on this machine, open the way out.", "%v", err)
		return
	}
	e.found(area, name, OK, "", "%d keys", keys)
	e.clock(area, "this clock and Microsoft’s agree", clock)
}

// drift is how far two clocks may differ before a hint comes from the future.
const drift = 30 * time.Second

func (e *examination) clock(area, name string, ahead time.Duration) {
	if ahead.Abs() > drift {
		e.found(area, name, Failed, "Set the clock by NTP. A hint is worth something for five minutes, and less than one before it was made.", "they differ by %s", ahead)
		return
	}
	e.found(area, name, OK, "", "they differ by %s at most", max(time.Second, ahead.Abs()))
}
