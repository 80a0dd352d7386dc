// Package server builds nod from its rooms and runs it: the object graph, the
// listener, the background jobs and the graceful end. It owns no rule of its own;
// what is configurable reaches it as Options.
package server

import (
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/url"
	"strings"
	"time"

	"github.com/nod-idp/nod/cmd/nod/config"
	"github.com/nod-idp/nod/devices"
	"github.com/nod-idp/nod/idp/password"
	"github.com/nod-idp/nod/internal/mail"
	"github.com/nod-idp/nod/internal/trace"
	"github.com/nod-idp/nod/internal/webhook"
	"github.com/nod-idp/nod/mfa"
	"github.com/nod-idp/nod/web/guard"
	"github.com/nod-idp/nod/web/page"
)

// Options is everything that can be set from outside. Durations and sizes left at
// zero have the defaults of their rooms.
type Options struct {
	Place     config.Place // where the data and the sealing key lie
	PublicURL string       // the issuer, without a trailing slash
	TLS       *tls.Config
	Proxies   guard.Proxies
	NoHSTS    bool
	Brand     page.Brand
	Log       *slog.Logger // nil means slog.Default()

	// SourceFactor multiplies the limits of what one address may ask; 0 means 1, and less
	// switches them off.
	SourceFactor int

	Cores int // requests are worked on by that many at a time; 0 means GOMAXPROCS

	Hasher            *password.Hasher // nil means its defaults
	MinPasswordLength int              // 0 means the strictest

	Policy mfa.Policy
	// GeoDatabase is a file that says where addresses are, "" for none. Relay is what is
	// made of it.
	GeoDatabase string
	Relay       mfa.Relay
	// DeviceVerification is the rule for devices whose link has none of its own; "" means
	// devices.RuleBiometric.
	DeviceVerification devices.Rule
	RSABits            int
	ApprovalWindow     time.Duration
	FinishWindow       time.Duration
	LoginLifetime      time.Duration
	SessionAbsolute    time.Duration
	SessionIdle        time.Duration
	KnownBrowser       time.Duration
	CodeLife           time.Duration
	IDTokenLife        time.Duration
	AccessTokenLife    time.Duration
	RefreshIdle        time.Duration
	RefreshAbsolute    time.Duration
	PushHosts          []string     // push services besides those of the browsers
	OutboundAllow      []string     // hosts and networks that may be reached though they are private
	OutboundTLS        *tls.Config  // whom requests that leave trust; nil means the system's authorities
	Mail               *mail.Sender // nil: no mail server is set up
	AlertTo            []string     // who is told of security events by mail
	Webhooks           []string     // where security events are posted to
	WebhookSecret      webhook.Secret
	DrainFor           time.Duration // between not being ready and closing; 0 means not at all
	Now                func() time.Time
	MaxWaitingStreams  int

	Metrics           net.Listener  // where figures are told, nil for nowhere
	Tracer            *trace.Tracer // nil: nothing is traced
	Version, Revision string        // of this binary
}

func (o Options) secure() bool { return strings.HasPrefix(o.PublicURL, "https:") }

func (o Options) log() *slog.Logger {
	if o.Log == nil {
		return slog.Default()
	}
	return o.Log
}

func (o Options) check() error {
	u, err := url.Parse(o.PublicURL)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return fmt.Errorf("public URL %q is not an http or https address", o.PublicURL)
	}
	if strings.HasSuffix(o.PublicURL, "/") {
		return fmt.Errorf("public URL %q ends with a slash", o.PublicURL)
	}
	if o.Place.Data == "" && (o.Place.Database == "" || o.Place.SealingKeyFile == "") {
		return errors.New("no data directory given")
	}
	return nil
}
