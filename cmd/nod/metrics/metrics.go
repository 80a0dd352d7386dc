// Package metrics is what nod tells about itself to Prometheus: the names of all figures,
// where each comes from, and the page on which they stand. It owns the names; what an
// operator makes of them stands in docs/operate.md.
//
// The rooms know nothing of it: it is called by their hooks, or asks them when it is asked
// itself. No label holds what a stranger may choose.
package metrics

import (
	"strconv"
	"strings"
	"time"

	"github.com/nod-idp/nod/devices/push"
	"github.com/nod-idp/nod/internal/db"
	"github.com/nod-idp/nod/internal/metric"
	"github.com/nod-idp/nod/internal/outbox"
)

// Metrics counts what the rooms tell it. Its methods are safe for concurrent use.
type Metrics struct {
	registry *metric.Registry
	crowds   map[string]func() int // by door; filled before anybody asks

	requests       *metric.Vec[*metric.Counter]
	requestSeconds *metric.Vec[*metric.Histogram]
	tokens         *metric.Vec[*metric.Counter]
	journal        *metric.Vec[*metric.Counter]
	logins         *metric.Vec[*metric.Counter]
	loginSeconds   *metric.Histogram
	challenges     *metric.Vec[*metric.Counter]
	answerSeconds  *metric.Histogram
	pushes         *metric.Vec[*metric.Counter]
	pushSeconds    *metric.Vec[*metric.Histogram]
	attempts       *metric.Vec[*metric.Counter]
	commits        *metric.Counter
	failedCommits  *metric.Counter
	commitSeconds  *metric.Histogram
	commitWrites   *metric.Histogram
}

// New begins to count.
func New() *Metrics {
	r := &metric.Registry{}
	const ms = time.Millisecond
	m := &Metrics{
		registry:       r,
		crowds:         map[string]func() int{},
		requests:       r.Counters("nod_http_requests_total", "Requests that are over, by the pattern of their route and the class of the status.", "route", "status"),
		requestSeconds: r.DurationsBy("route", "nod_http_request_seconds", "Time from a request to the end of its answer. Event streams stay open for up to 55 s, those of waiting pages for up to 285 s.", 1*ms, 5*ms, 10*ms, 25*ms, 50*ms, 100*ms, 250*ms, 500*ms, time.Second, 5*time.Second, 10*time.Second, time.Minute),
		tokens:         r.Counters("nod_token_requests_total", "Requests at the token endpoint, by grant and result: ok or the OAuth error.", "grant", "result"),
		journal:        r.Counters("nod_journal_entries_total", "Entries written to the audit log, by action and outcome.", "action", "outcome"),
		logins:         r.Counters("nod_logins_total", "Logins by how far they came: begun with a first form, finished, ended by an error told to the application, or a wrong password.", "outcome"),
		loginSeconds:   r.Durations("nod_login_seconds", "Time from the beginning of a login to its end, the person's own time included.", time.Second, 5*time.Second, 10*time.Second, 20*time.Second, 40*time.Second, time.Minute, 2*time.Minute, 5*time.Minute, 15*time.Minute),
		challenges:     r.Counters("nod_challenges_total", "Requests to devices, by the state that they came to: created, approved, verified, denied, reported, expired, superseded, withdrawn or failed.", "state"),
		answerSeconds:  r.Durations("nod_challenge_answer_seconds", "Time from a request to a device to its answer.", time.Second, 2*time.Second, 5*time.Second, 10*time.Second, 20*time.Second, 40*time.Second, time.Minute, 2*time.Minute, 5*time.Minute),
		pushes:         r.Counters("nod_push_messages_total", "Messages to push services, by whose service it is and the result.", "service", "result"),
		pushSeconds:    r.DurationsBy("service", "nod_push_message_seconds", "Time that a push service took to answer.", 50*ms, 100*ms, 250*ms, 500*ms, time.Second, 2*time.Second, 5*time.Second),
		attempts:       r.Counters("nod_outbox_attempts_total", "Attempts to deliver mails, webhooks and the like, by kind and the state that the message came to.", "kind", "state"),
		commits:        r.Counter("nod_database_commits_total", "Transactions that were committed."),
		failedCommits:  r.Counter("nod_database_commit_failures_total", "Transactions that could not be committed."),
		commitSeconds:  r.Durations("nod_database_commit_seconds", "Time of a transaction from its first statement until it is durable.", 500*time.Microsecond, 1*ms, 2*ms, 5*ms, 10*ms, 25*ms, 50*ms, 100*ms, 250*ms, time.Second, 5*time.Second),
		commitWrites:   r.Sizes("nod_database_commit_writes", "How many writes shared a transaction. On PostgreSQL each has its own.", 1, 2, 4, 8, 16, 32, 64),
	}
	addProcess(r)
	return m
}

// Names returns the names of all figures.
func (m *Metrics) Names() []string { return m.registry.Names() }

// Request counts a request that is over.
func (m *Metrics) Request(route string, status int, took time.Duration) {
	if route == "" {
		route = "none"
	}
	m.requests.With(route, class(status)).Inc()
	m.requestSeconds.With(route).Took(took)
}

// class is the status with its last two digits left out. 499 stands for a client that
// went away.
func class(status int) string {
	switch {
	case status == 499:
		return "gone"
	case status == 429 || status == 503: // what overload is answered with
		return strconv.Itoa(status)
	case status < 100 || status > 599:
		return "none"
	}
	return [...]string{"1xx", "2xx", "3xx", "4xx", "5xx"}[status/100-1]
}

// Crowd says how to read how many requests wait at a door for their turn. It is called
// before requests are served.
func (m *Metrics) Crowd(door string, waiting func() int) { m.crowds[door] = waiting }

// Token counts a request at the token endpoint.
func (m *Metrics) Token(grant, result string) { m.tokens.With(grant, result).Inc() }

// Push counts a message to a push service.
func (m *Metrics) Push(service string, to push.Outcome, took time.Duration) {
	m.pushes.With(service, string(to)).Inc()
	m.pushSeconds.With(service).Took(took)
}

// Attempt counts an attempt to deliver a message of the outbox.
func (m *Metrics) Attempt(kind string, to outbox.State) { m.attempts.With(kind, string(to)).Inc() }

// Commit counts a transaction, and what happened in it.
func (m *Metrics) Commit(c db.Commit) {
	if c.Err != nil {
		m.failedCommits.Inc()
		return
	}
	m.commits.Inc()
	m.commitSeconds.Took(c.Took)
	m.commitWrites.Observe(int64(c.Writes))
	for _, n := range c.Notes {
		m.happened(n)
	}
}

// happened counts an entry of the journal.
func (m *Metrics) happened(n db.Note) {
	m.journal.With(n.Name, n.Outcome).Inc()
	switch n.Name {
	case "login.begun", "login.ended":
		m.logins.With(strings.TrimPrefix(n.Name, "login.")).Inc()
	case "login.finished":
		m.logins.With("finished").Inc()
		m.loginSeconds.Took(n.Took)
	case "login.password":
		if n.Outcome != "ok" {
			m.logins.With("wrong_password").Inc()
		}
	case "challenge.created", "challenge.verified", "challenge.expired", "challenge.superseded", "challenge.withdrawn", "challenge.failed":
		m.challenges.With(strings.TrimPrefix(n.Name, "challenge.")).Inc()
	case "challenge.approved", "challenge.denied", "challenge.reported":
		m.challenges.With(strings.TrimPrefix(n.Name, "challenge.")).Inc()
		m.answerSeconds.Took(n.Took)
	}
}
