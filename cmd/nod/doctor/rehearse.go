package doctor

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/nod-idp/nod/cmd/nod/config"
	"github.com/nod-idp/nod/cmd/nod/server"
	"github.com/nod-idp/nod/devices"
	"github.com/nod-idp/nod/devices/simulator"
	"github.com/nod-idp/nod/idp/entra"
	"github.com/nod-idp/nod/idp/entra/fake"
	"github.com/nod-idp/nod/idp/user"
	"github.com/nod-idp/nod/internal/formbrowser"
)

// rehearse walks whole sign-ins, with a phone in software, on a server of this program
// that lives as long as that takes.
func (e *examination) rehearse() {
	const area = "Rehearsal on a throw-away server of this program"
	ctx, cancel := context.WithTimeout(e.ctx, time.Minute)
	defer cancel()
	for _, cloud := range entra.Clouds() {
		name := "a whole sign-in with a phone, for the cloud " + string(cloud)
		faults, amr, err := rehearsal(ctx, e.Tenant, cloud)
		switch {
		case err != nil:
			e.found(area, name, Failed, "This is a fault of nod's. Please report it.", "%v", err)
		case len(faults) > 0:
			e.found(area, name, Failed, "This is a fault of nod's. Please report it.", "Entra would say: %s", strings.Join(faults, "; "))
		default:
			e.found(area, name, OK, "", "Entra would let the person through, by %s", amr)
		}
	}
}

// rehearsal returns what Entra would not like about the answer.
func rehearsal(ctx context.Context, like entra.Tenant, cloud entra.Cloud) (faults []string, amr string, err error) {
	s, stop, err := throwaway(ctx)
	if err != nil {
		return nil, "", err
	}
	defer func() { err = errors.Join(err, stop()) }()
	small, err := fake.Start()
	if err != nil {
		return nil, "", err
	}
	defer func() { err = errors.Join(err, small.Close()) }()
	t, err := s.Entra.Add(ctx, entra.Tenant{Name: "rehearsal", TenantID: guid(), AppID: like.AppID, ClientID: like.ClientID, Cloud: cloud, Authority: small.URL})
	if err != nil {
		return nil, "", err
	}
	phone, err := somebody(ctx, s, t)
	if err != nil {
		return nil, "", err
	}
	m, faults := fake.Discover(http.DefaultClient, t.DiscoveryURL(s.Options.PublicURL))
	if len(faults) > 0 {
		return faults, "", nil
	}
	reg := fake.Registration{Tenant: t.TenantID, ClientID: t.ClientID, ReplyURL: t.ReplyURL()}
	hint, err := small.Hint(reg, account, nil)
	if err != nil {
		return nil, "", err
	}
	request := reg.Request(hint)
	answer, err := signIn(ctx, t, m, request, phone)
	if err != nil {
		return nil, "", err
	}
	return small.Judge(m, request, answer, account), "a device key", nil
}

// throwaway starts a server in a folder of its own, and returns what ends it.
func throwaway(ctx context.Context) (*server.Server, func() error, error) {
	dir, err := os.MkdirTemp("", "nod-doctor-")
	if err != nil {
		return nil, nil, err
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, nil, errors.Join(err, os.RemoveAll(dir))
	}
	s, err := server.Open(ctx, server.Options{
		Place: config.Place{Data: dir}, PublicURL: fmt.Sprintf("http://localhost:%d", l.Addr().(*net.TCPAddr).Port), Log: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		return nil, nil, errors.Join(err, l.Close(), os.RemoveAll(dir))
	}
	running, cancel := context.WithCancel(context.WithoutCancel(ctx))
	done := make(chan error, 1)
	go func() { done <- s.Run(running, l) }()
	return s, func() error {
		cancel()
		return errors.Join(<-done, s.Close(), os.RemoveAll(dir))
	}, nil
}

// somebody is a person without a password, with a phone, who is linked.
func somebody(ctx context.Context, s *server.Server, t entra.Tenant) (*simulator.Phone, error) {
	u, err := s.Users.Add(ctx, user.New{Name: "doctor"})
	if err != nil {
		return nil, err
	}
	if err := s.Entra.Link(ctx, t, account.OID, u.ID, "doctor"); err != nil {
		return nil, err
	}
	link, err := s.Devices.Link(ctx, devices.LinkRequest{UserID: u.ID, Valid: time.Minute, MadeBy: "cli:doctor", Rule: devices.RulePlain})
	if err != nil {
		return nil, err
	}
	return simulator.Enroll(ctx, link.URL, simulator.Options{Name: "Phone"})
}

// signIn walks the pages and returns what Entra gets.
func signIn(ctx context.Context, t entra.Tenant, m fake.Metadata, request url.Values, phone *simulator.Phone) (url.Values, error) {
	b := formbrowser.New(nil)
	b.Leaves = func(u *url.URL) bool { return u.String() == t.ReplyURL() }
	page, err := b.FromSite(ctx, "https://login.microsoftonline.com", m.Authorization, request)
	if err == nil {
		page, err = b.Press(ctx, page, "use-mobile", nil)
	}
	if err != nil {
		return nil, err
	}
	open, err := phone.Requests(ctx)
	if err != nil {
		return nil, err
	}
	if len(open) != 1 {
		return nil, fmt.Errorf("the phone was asked %d times", len(open))
	}
	if _, err := phone.Approve(ctx, open[0].ID, page.Text("match-number"), ""); err != nil {
		return nil, err
	}
	if page, err = b.Get(ctx, page.URL.String()); err != nil {
		return nil, err
	}
	for _, button := range []string{"passcode-submit", "continue"} {
		if page, err = b.Press(ctx, page, button, nil); err != nil {
			return nil, err
		}
	}
	return url.ParseQuery(page.Body)
}
