package server

import (
	"context"
	"fmt"
	"net/http"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/nod-idp/nod/idp"
	"github.com/nod-idp/nod/idp/client/keyset"
	"github.com/nod-idp/nod/internal/audit"
	"github.com/nod-idp/nod/internal/turn"
	"github.com/nod-idp/nod/web/app"
	"github.com/nod-idp/nod/web/cookie"
	"github.com/nod-idp/nod/web/deviceapi"
	"github.com/nod-idp/nod/web/entra"
	"github.com/nod-idp/nod/web/guard"
	"github.com/nod-idp/nod/web/help"
	"github.com/nod-idp/nod/web/login"
	"github.com/nod-idp/nod/web/oidc"
	"github.com/nod-idp/nod/web/page"
	"github.com/nod-idp/nod/web/pair"
	"github.com/nod-idp/nod/web/portal"
)

// How many requests may wait for each core, and how long, before they are sent away with 503.
const (
	crowd    = 1024
	patience = 5 * time.Second
)

// Handler is everything nod answers: pages on one mux, machines on another, and the
// edge in front of both.
func (s *Server) Handler() (http.Handler, error) {
	o := s.Options
	site, err := page.New(o.Brand, app.Static(), entra.Static(), help.Static(), login.Static(), oidc.Static(), pair.Static(), portal.Static())
	if err != nil {
		return nil, fmt.Errorf("prepare pages: %w", err)
	}
	pages, err := guard.NewBrowser(o.PublicURL, append(oidc.Exempt(), entra.Exempt()...)...)
	if err != nil {
		return nil, err
	}
	pages.ErrorPage = site.Problem
	// Pages come in crowds, and anybody can ask for them; the machines behind the other door
	// have signed in already. So pages get few turns at once, which are enough for every core.
	cores := o.Cores
	if cores == 0 {
		cores = runtime.GOMAXPROCS(0)
	}
	pages.Turns = turn.New(2*cores, crowd*cores, patience)
	api := &guard.API{Turns: turn.New(16*cores, crowd*cores, patience)}
	if pages.Limits, err = guard.NewLimits(limits); err != nil {
		return nil, err
	}
	pages.Limits.Factor, pages.Limits.Now = o.SourceFactor, o.Now
	api.Limits = pages.Limits
	if err := s.surfaces(site, pages, api); err != nil {
		return nil, err
	}
	pages.Handle(page.StaticPattern, site.Files)
	pages.Handle("GET /favicon.ico", site.Favicon)
	api.Handle("GET /healthz", guard.Route{Handler: s.healthz, FromMemory: true})
	api.Handle("GET /readyz", guard.Route{Handler: s.readyz, FromMemory: true})
	if forgotten := pages.Limits.Missing(slices.Concat(pages.Routes(), api.Routes())); len(forgotten) > 0 {
		return nil, fmt.Errorf("routes without a limit: %s", strings.Join(forgotten, ", "))
	}
	return s.countWeb(&guard.Edge{
		API: api, Browser: pages, Log: o.log(), Proxies: o.Proxies, PublicURL: o.PublicURL, NoHSTS: o.NoHSTS, Context: origin,
		Tracer: o.Tracer,
	}), nil
}

func (s *Server) surfaces(site *page.Site, pages *guard.Browser, api *guard.API) error {
	o := s.Options
	jar := cookie.Jar{Cookies: guard.Cookies{Secure: o.secure()}, KnownLife: s.Sessions.KnownFor()}
	streams := s.streams
	views, err := login.NewViews(site)
	if err != nil {
		return err
	}
	signIn := &login.Surface{
		Logins: s.Logins, Views: views, Jar: jar, Streams: streams, Issuer: o.PublicURL,
		AccountURL: func(p idp.AccountPage) string { return o.PublicURL + address(p) },
		EnrolURL:   o.PublicURL + portal.AddPath, Elsewhere: entra.Elsewhere,
	}
	signIn.Register(pages)
	trouble, err := help.New(site, help.Surface{Logins: s.Logins, Jar: jar})
	if err != nil {
		return err
	}
	trouble.Register(pages)
	account, err := portal.New(site, portal.Surface{Logins: s.Logins, Jar: jar, Streams: streams, Now: o.Now})
	if err != nil {
		return err
	}
	account.Register(pages)
	pairs, err := pair.New(site, pair.Surface{Logins: s.Logins, Pairings: s.Pairings, Clients: s.Clients, Jar: jar})
	if err != nil {
		return err
	}
	pairs.Register(pages)
	microsoft, err := entra.New(site, entra.Surface{
		PublicURL: o.PublicURL, Tenants: s.Entra, Logins: s.Logins, Jar: jar, Log: o.log(), LoginPath: login.Path,
	})
	if err != nil {
		return err
	}
	microsoft.RegisterPages(pages)
	microsoft.RegisterAPI(api)
	authenticator, err := app.New(site, o.PublicURL, s.PushKey.PublicKey())
	if err != nil {
		return err
	}
	authenticator.Register(pages)
	(&deviceapi.Surface{
		Devices: s.Devices, Challenges: s.MFA, DB: s.DB, Streams: streams, Now: o.Now,
		Browser: func(r *http.Request) string { return jar.Browser(r).ID() },
	}).Register(api)
	protocol := &oidc.Surface{
		Issuer: o.PublicURL, Logins: s.Logins, Clients: s.Clients, Users: s.Users, Sessions: s.Sessions, Tokens: s.Tokens,
		Keys: s.Keys, ClientKeys: &keyset.Keys{Outbound: s.Outbound, Now: o.Now}, Box: s.Instance.Box, Since: s.Instance.RestoredAt, Jar: jar, Site: site,
		Pairings: s.Pairings, Inquiries: s.Inquiries, PairURL: o.PublicURL + pair.Path, Pushed: s.Pushed, Now: o.Now,
	}
	s.countTokens(protocol)
	if err := protocol.RegisterPages(pages); err != nil {
		return err
	}
	return protocol.RegisterAPI(api)
}

// address is where a login that stays here leads to.
func address(p idp.AccountPage) string {
	if p.Name == idp.AccountPair {
		return pair.Address(p.Item)
	}
	return portal.Address(p)
}

// origin tells the journal which request a change came from. Who acted is added by
// the surface that knows.
func origin(ctx context.Context) context.Context {
	o := audit.Origin{Actor: "browser", RequestID: guard.RequestID(ctx)}
	if ip := guard.ClientIP(ctx); ip.IsValid() {
		o.IP = ip.String()
	}
	return audit.From(ctx, o)
}
