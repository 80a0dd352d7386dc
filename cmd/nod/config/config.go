// Package config reads what the administrator decided: from flags, from the
// environment, from one YAML file, in this order of precedence, and otherwise the
// default. A setting has the same name in all three: --public-url, NOD_PUBLIC_URL
// and public_url.
//
// It owns the list of settings, their limits and the errors that name the place, the
// wrong value and what is allowed. It leaves to the commands what is built from the
// values.
package config

import (
	"log/slog"
	"time"

	"github.com/nod-idp/nod/mfa"
	"github.com/nod-idp/nod/web/guard"
)

// Place says where an installation keeps its data. Every verb needs it.
type Place struct {
	Data           string // a directory
	Database       string // the address of a PostgreSQL database, or "" for SQLite in Data
	SealingKeyFile string // "" for sealing.key in Data
	// AllowNetworkDisk lets SQLite lie where a network file system may damage it.
	AllowNetworkDisk bool

	named bool
}

// Config is what `nod serve` runs with.
type Config struct {
	Place
	Outgoing
	Relay

	Listen         string // HOST:PORT
	PublicURL      string // without a slash at the end; also the issuer
	TLSCert        string
	TLSKey         string
	TrustedProxies guard.Proxies
	SourceLimits   int // a factor; 0 for no limits
	HSTS           bool
	LogLevel       slog.Level
	Metrics        string // HOST:PORT, "" for none
	Organisation   string

	Argon2Memory      uint32 // KiB
	Argon2Time        uint32
	Argon2Concurrency int // 0: one for each core
	MinPasswordLength int

	DeviceVerification    string // a rule of devices
	EnrolAtFirstLogin     bool
	RefuseSoftwareDevices bool
	MatchDigits           int
	ApprovalWindow        time.Duration
	FinishWindow          time.Duration
	LoginLifetime         time.Duration
	KnownBrowser          time.Duration

	SessionLifetime     time.Duration
	SessionIdle         time.Duration
	CodeLifetime        time.Duration
	IDTokenLifetime     time.Duration
	AccessTokenLifetime time.Duration
	RefreshLifetime     time.Duration
	RefreshIdle         time.Duration

	PushHosts     []string // push services besides those of the browsers
	OutboundAllow []string // hosts and networks that may be reached though they are private

	policy []mfa.Rule
	rows   []Row
}

// TLS reports whether nod itself speaks TLS.
func (c Config) TLS() bool { return c.TLSCert != "" }

// Row is one setting as it is in force.
type Row struct {
	Name   string `json:"name"`
	Value  string `json:"value"`  // secrets masked
	Origin string `json:"origin"` // "default", "flag --listen", "environment NOD_LISTEN" or "nod.yaml:3"
}

// Rows lists every setting in force and where it came from.
func (c Config) Rows() []Row { return c.rows }
