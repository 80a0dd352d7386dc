package nodes

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"testing"
	"time"

	"github.com/nod-idp/nod/devices/push/pushtest"
	"github.com/nod-idp/nod/internal/failpoint"
)

// points of a crash on the way of a login. Migrations, backups and restores have tests of their own.
var points = []string{
	failpoint.ChallengeUnstored, failpoint.ChallengeStored, failpoint.PushSent,
	failpoint.ApprovalUnstored, failpoint.ApprovalStored, failpoint.SessionUnstored, failpoint.SessionStored,
	failpoint.CodeIssued, failpoint.CodeRedeemed, failpoint.RefreshStored,
}

// "Crash at any point: an acknowledged approval is never lost, nothing is ever honoured
// twice, and the person at most presses a button again, never gets a second push."
func TestKilledAtEveryPointALoginGoesOn(t *testing.T) {
	t.Parallel()
	for lane := range min(*lanes, *kills) {
		t.Run(fmt.Sprint(lane+1), func(t *testing.T) {
			t.Parallel()
			engines(t, func(t *testing.T, database string, nodes int) {
				crashesOn(t, database, nodes, *kills / *lanes + min(1, max(0, *kills%*lanes-lane)))
			})
		})
	}
}

// crashesOn lets one installation die at every point, so many times.
func crashesOn(t *testing.T, database string, nodes, rounds int) {
	service := pushtest.Start(t)
	roots := filepath.Join(t.TempDir(), "roots.pem")
	if err := os.WriteFile(roots, service.Certificate(), 0o600); err != nil {
		t.Fatal(err)
	}
	c := form(t, database, settings{
		nodes: nodes, env: []string{"SSL_CERT_FILE=" + roots},
		flags: []string{"--push-hosts", service.Host(), "--outbound-allow", "127.0.0.1"},
	})
	l := newLedger()
	p := c.person("alice", l)
	p.subscribe(t, service)
	p.heal = c.ready // a person tries again when the page is there again
	began, crashed := time.Now(), 0
	for round := 0; round < rounds && !late(t); round++ {
		for _, point := range points {
			crashed++
			p.dies(t, point, round)
			if t.Failed() {
				return
			}
		}
	}
	l.check(t, c)
	t.Logf("%d crashes in %s\n%s", crashed, time.Since(began).Round(time.Second), l.told())
}

// late reports whether the time that go test gives is nearly over: as many rounds as it
// allows are run, and counted.
func late(t *testing.T) bool {
	deadline, limited := t.Deadline()
	return limited && time.Until(deadline) < 90*time.Second
}

// mostLogins is how many may pass by an armed node before it is no chance any more.
const mostLogins = 20

// dies lets one node die at a point while a person signs in and the application uses what
// it gets, as often as it takes until that node was the one that came to it.
func (p *person) dies(t *testing.T, point string, round int) {
	t.Helper()
	armed := p.c.nodes[round%len(p.c.nodes)]
	armed.arm(point)
	ctx, cancel := context.WithCancel(t.Context())
	reborn := make(chan int, 1)
	go func() { reborn <- armed.revive(ctx) }()
	for range mostLogins {
		if err := p.crashes(t.Context()); err != nil {
			t.Errorf("%s: %v", point, err)
		}
		if len(p.failed) > 1 {
			t.Errorf("%s: the person had to try again %d times: %v", point, len(p.failed), errors.Join(p.failed...))
		}
		if t.Failed() || armed.revived() {
			break
		}
	}
	cancel()
	if died := <-reborn; died != 1 {
		t.Errorf("%s: the node died %d times, want once", point, died)
	}
}

// crashes is one login and what follows, by every point.
func (p *person) crashes(ctx context.Context) error {
	if _, err := p.gets(ctx); err != nil {
		return err
	}
	if _, err := p.again(ctx); err != nil {
		return err
	}
	code, err := p.again(ctx)
	if err != nil {
		return err
	}
	_, err = p.redeem(ctx, code)
	return err
}

// revive starts the node again after it died, and returns how often that was.
func (n *node) revive(ctx context.Context) (died int) {
	for ctx.Err() == nil {
		if n.dead(2 * time.Millisecond) {
			died++
			n.cluster.balancer.forget()
			n.start()
			n.await()
		}
	}
	return died
}

var pushKey = regexp.MustCompile(`data-push-key="([^"]+)"`)

// subscribe lets the phone be woken by a push service.
func (p *person) subscribe(t *testing.T, service *pushtest.Service) {
	t.Helper()
	p.browser()
	page, err := p.b.Get(t.Context(), p.c.url+"/app/")
	if err != nil {
		t.Fatal(err)
	}
	key := pushKey.FindStringSubmatch(page.Body)
	if key == nil {
		t.Fatalf("the app names no push key (status %d)", page.Status)
	}
	in := service.Subscribe(key[1])
	text, err := json.Marshal(map[string]any{"endpoint": in.Endpoint, "expirationTime": nil, "keys": map[string]string{
		"p256dh": base64.RawURLEncoding.EncodeToString(in.P256DH), "auth": base64.RawURLEncoding.EncodeToString(in.Auth),
	}})
	if err != nil {
		t.Fatal(err)
	}
	if err := p.phone.Subscribe(t.Context(), text); err != nil {
		t.Fatalf("subscribe: %v", err)
	}
}
