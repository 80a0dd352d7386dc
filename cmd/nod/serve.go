package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"os/signal"
	"runtime"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"github.com/nod-idp/nod/cmd/nod/config"
	"github.com/nod-idp/nod/cmd/nod/server"
	"github.com/nod-idp/nod/devices"
	"github.com/nod-idp/nod/idp/password"
	"github.com/nod-idp/nod/internal/trace"
	"github.com/nod-idp/nod/mfa"
	"github.com/nod-idp/nod/web/guard"
	"github.com/nod-idp/nod/web/page"
)

func newServeCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "serve",
		Short: "Run the OpenID provider",
		Long: `Run the OpenID provider on one address.

On an empty data directory this creates the SQLite database, the sealing key and the
signing keys. Only one serve runs on a data directory; all other commands work beside
it. SIGHUP reads the policy in the configuration file again; if it cannot be read, the one
before stays in force. Ctrl+C stops gracefully: event streams are told to come back, requests under way
are finished. A second Ctrl+C stops at once.`,
		Example: `  nod serve --data ./data --public-url http://localhost:8080
  nod serve --data /var/lib/nod --listen :8443 --public-url https://id.example.org --tls-cert id.crt --tls-key id.key
  nod serve --config /etc/nod.yaml`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			profile()
			c, err := config.Load(cmd.Flags(), os.Environ())
			if err != nil {
				return err
			}
			return serve(cmd.Context(), c, func() (mfa.Policy, error) { return config.LoadPolicy(cmd.Flags(), os.Environ()) })
		},
	}
	config.Bind(cmd.Flags())
	return cmd
}

// drainFor is how long a load balancer has to notice that a node goes down. On
// loopback there is none.
const drainFor = 5 * time.Second

func serve(ctx context.Context, c config.Config, policy func() (mfa.Policy, error)) (err error) {
	log := slog.New(guard.LogRequests(slog.NewJSONHandler(os.Stderr, &slog.HandlerOptions{Level: c.LogLevel})))
	o, err := options(c, log)
	if err != nil {
		return err
	}
	ctx, stop := signal.NotifyContext(ctx, syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	go func() { // after the first signal, the second one ends the process at once
		<-ctx.Done()
		stop()
	}()
	if c.Metrics != "" {
		if o.Metrics, err = net.Listen("tcp", c.Metrics); err != nil {
			return fmt.Errorf("listen for metrics on %s: %w", c.Metrics, err)
		}
		log.Info("nod tells figures", "metrics", "http://"+o.Metrics.Addr().String()+"/metrics")
	}
	if o.Tracer, err = trace.FromEnvironment(os.Getenv, o.Version, log); err != nil {
		log.Warn("nothing is traced", "error", err)
		o.Tracer = nil
	}
	s, err := server.Open(ctx, o)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	tuneRuntime(o.Hasher)
	l, err := net.Listen("tcp", c.Listen)
	if err != nil {
		return fmt.Errorf("listen on %s: %w", c.Listen, err)
	}
	log.Info("nod serves", "public_url", c.PublicURL, "listen", l.Addr().String(), "data", c.Data,
		"discovery", c.PublicURL+"/.well-known/openid-configuration")
	if len(c.OutboundAllow) > 0 {
		log.Info("nod may call private places", "outbound_allow", c.OutboundAllow)
	}
	defer reloadOnHangup(ctx, s, policy, log)()
	return s.Run(ctx, l)
}

// options turns settings into what the server is built from.
func options(c config.Config, log *slog.Logger) (o server.Options, err error) {
	b := readBuild()
	o = server.Options{
		Cores:   runtime.GOMAXPROCS(0),
		Version: b.Version, Revision: b.Revision,
		Place: c.Place, PublicURL: c.PublicURL, Proxies: c.TrustedProxies, NoHSTS: !c.HSTS, Log: log,
		SourceFactor:       sourceFactor(c.SourceLimits),
		Brand:              page.Brand{Name: c.Organisation},
		Hasher:             &password.Hasher{Memory: c.Argon2Memory, Time: c.Argon2Time, Concurrency: c.Argon2Concurrency},
		Policy:             c.MFA(),
		GeoDatabase:        c.GeoDatabase,
		Relay:              c.Relay.Policy(),
		DeviceVerification: devices.Rule(c.DeviceVerification), PushHosts: c.PushHosts, OutboundAllow: c.OutboundAllow,
		ApprovalWindow: c.ApprovalWindow, FinishWindow: c.FinishWindow, LoginLifetime: c.LoginLifetime,
		SessionAbsolute: c.SessionLifetime, SessionIdle: c.SessionIdle, KnownBrowser: c.KnownBrowser,
		CodeLife: c.CodeLifetime, IDTokenLife: c.IDTokenLifetime, AccessTokenLife: c.AccessTokenLifetime,
		RefreshIdle: c.RefreshIdle, RefreshAbsolute: c.RefreshLifetime,
	}
	if o.Mail, err = c.Sender(); err != nil {
		return o, fmt.Errorf("read the mail server's password: %w", err)
	}
	if o.WebhookSecret, err = c.WebhookSecret(); err != nil {
		return o, fmt.Errorf("read the webhook secret: %w", err)
	}
	o.AlertTo, o.Webhooks = c.AlertMail, c.WebhookURLs
	if c.TLS() {
		pair, err := tls.LoadX509KeyPair(c.TLSCert, c.TLSKey)
		if err != nil {
			return o, fmt.Errorf("read the TLS certificate: %w", err)
		}
		o.TLS = server.ServeTLS(pair)
	}
	if host, _, err := net.SplitHostPort(c.Listen); err != nil || !net.ParseIP(host).IsLoopback() && host != "localhost" {
		o.DrainFor = drainFor
	}
	return o, nil
}

// sourceFactor is the setting as the server has it, where 0 is the default.
func sourceFactor(setting int) int {
	if setting == 0 {
		return -1
	}
	return setting
}
