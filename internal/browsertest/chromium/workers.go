package chromium

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/serviceworker"
	"github.com/chromedp/chromedp"

	"github.com/nod-idp/nod/internal/browsertest"
)

// A Worker is one version of a service worker on the phone.
type Worker struct {
	Scope   string
	Script  string
	Status  string // installing, installed, activating, activated, redundant
	Running string // starting, running, stopping, stopped
}

// workers keeps up with what the browser reports about service workers.
type workers struct {
	mu            sync.Mutex
	registrations map[serviceworker.RegistrationID]*serviceworker.Registration
	versions      map[string]*serviceworker.Version
	errors        []string
}

func watchWorkers(t testing.TB, ctx context.Context) *workers {
	t.Helper()
	w := &workers{
		registrations: map[serviceworker.RegistrationID]*serviceworker.Registration{},
		versions:      map[string]*serviceworker.Version{},
	}
	if err := chromedp.Listen(ctx, w.listen); err != nil {
		t.Fatalf("watch the service workers: %v", err)
	}
	if _, err := chromedp.Call(ctx, serviceworker.Enable, cdp.Empty{}); err != nil {
		t.Fatalf("watch the service workers: %v", err)
	}
	return w
}

func (w *workers) listen(event any) {
	w.mu.Lock()
	defer w.mu.Unlock()
	switch e := event.(type) {
	case *serviceworker.EventWorkerRegistrationUpdated:
		for _, r := range e.Registrations {
			w.registrations[r.RegistrationID] = r
		}
	case *serviceworker.EventWorkerVersionUpdated:
		for _, v := range e.Versions {
			w.versions[v.VersionID] = v
		}
	case *serviceworker.EventWorkerErrorReported:
		m := e.ErrorMessage
		w.errors = append(w.errors, fmt.Sprintf("%s (%s:%d)", m.ErrorMessage, m.SourceURL, m.LineNumber))
	}
}

// Workers returns the service workers of the phone that are registered.
func (b *Browser) Workers() []Worker {
	b.workers.mu.Lock()
	defer b.workers.mu.Unlock()
	var all []Worker
	for _, v := range b.workers.versions {
		r := b.workers.registrations[v.RegistrationID]
		if r == nil || r.IsDeleted || v.Status == serviceworker.VersionStatusRedundant {
			continue
		}
		all = append(all, Worker{r.ScopeURL, v.ScriptURL, v.Status.String(), v.RunningStatus.String()})
	}
	slices.SortFunc(all, func(x, y Worker) int { return strings.Compare(x.Scope+x.Script, y.Scope+y.Script) })
	return all
}

// WorkerErrors returns the errors that service workers ran into.
func (b *Browser) WorkerErrors() []string {
	b.workers.mu.Lock()
	defer b.workers.mu.Unlock()
	return slices.Clone(b.workers.errors)
}

// StopWorkers stops every service worker, as the browser does to idle ones: whatever
// they had in memory is lost, and the next event starts them anew.
func (b *Browser) StopWorkers() {
	b.t.Helper()
	if _, err := chromedp.Call(b.ctx, serviceworker.StopAllWorkers, cdp.Empty{}); err != nil {
		b.t.Fatalf("stop the service workers: %v", err)
	}
	browsertest.Until(b.t, "the service workers to stop", func() (bool, bool) {
		return true, !slices.ContainsFunc(b.Workers(), func(w Worker) bool { return w.Running != "stopped" })
	}, b.story)
}

// PushInTheClear hands a text to the worker of this scope as if a push message had
// brought it: the light way, without a subscription, a push service or encryption.
func (b *Browser) PushInTheClear(scope, text string) {
	b.t.Helper()
	id := browsertest.Until(b.t, "a service worker for "+scope, func() (serviceworker.RegistrationID, bool) {
		b.workers.mu.Lock()
		defer b.workers.mu.Unlock()
		for id, r := range b.workers.registrations {
			if r.ScopeURL == scope && !r.IsDeleted {
				return id, true
			}
		}
		return "", false
	}, b.story)
	_, err := chromedp.Call(b.ctx, serviceworker.DeliverPushMessage, serviceworker.DeliverPushMessageParams{
		Origin: origin(scope), RegistrationID: id, Data: text,
	})
	if err != nil {
		b.t.Fatalf("push to %s: %v", scope, err)
	}
}

// origin returns the origin of an address, with the slash that DevTools wants.
func origin(address string) string {
	scheme, rest, _ := strings.Cut(address, "://")
	host, _, _ := strings.Cut(rest, "/")
	return scheme + "://" + host + "/"
}
