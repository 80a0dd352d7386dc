package config

import (
	"slices"
	"strings"
	"time"
)

// setting is one thing that can be decided. parse stores a value or says what is
// allowed instead.
type setting struct {
	name    string
	value   value
	initial string // the default, as it would be written
	help    string
}

// value is how one field of a Config is written as text.
type value struct {
	kind    string // what a flag's help calls it
	allowed string
	parse   func(text string) bool
	show    func() string
}

func (s setting) flag() string        { return strings.ReplaceAll(s.name, "_", "-") }
func (s setting) environment() string { return "NOD_" + strings.ToUpper(s.name) }

const day = 24 * time.Hour

// settings lists everything, each bound to its field of c.
func (c *Config) settings() []setting {
	return append(slices.Concat(c.Place.settings(), c.Outgoing.settings(), c.Relay.settings()), []setting{
		{"listen", hostPort(&c.Listen), "127.0.0.1:8080", "address to listen on"},
		{"public_url", publicURL(&c.PublicURL), "", "address that browsers and devices use, and the issuer (default: http://localhost and the port of listen)"},
		{"tls_cert", file(&c.TLSCert), "", "certificate chain to serve TLS with"},
		{"tls_key", file(&c.TLSKey), "", "private key of the certificate"},
		{"trusted_proxies", proxies(&c.TrustedProxies), "", "networks of reverse proxies whose X-Forwarded-For is believed, separated by commas"},
		{"source_limits", number(&c.SourceLimits, 0, 1000), "1", "how many times the built-in limits one address may ask; more where many people share one, 0 for no limits"},
		{"hsts", boolean(&c.HSTS), "true", "tell browsers to come back with https only"},
		{"log_level", level(&c.LogLevel), "info", "least level that is logged: debug, info, warn or error"},
		{"metrics", metricsAddress(&c.Metrics), "", "address on which Prometheus may read figures, such as 127.0.0.1:9090; none by default"},
		{"organisation", line(&c.Organisation), "", "name shown on pages and devices"},

		{"argon2_memory", memory(&c.Argon2Memory, 8*mib, 1024*mib), "19MiB", "memory for hashing one password"},
		{"argon2_time", count(&c.Argon2Time, 1, 64), "2", "passes over the memory for hashing one password"},
		{"argon2_concurrency", number(&c.Argon2Concurrency, 0, 1024), "0", "passwords hashed at the same time; 0 is one for each core"},
		{"min_password_length", number(&c.MinPasswordLength, 8, 64), "15", "least length of a new password; 8 is enough only where a second factor is always asked"},

		{"device_verification", choice(&c.DeviceVerification, verifications()...), "biometric", "how phones make sure of their person: biometric, biometric-or-pin, biometric-with-pin, pin or plain"},
		{"enrol_at_first_login", boolean(&c.EnrolAtFirstLogin), "false", "let somebody without a device add the first one with the password alone"},
		{"refuse_software_devices", boolean(&c.RefuseSoftwareDevices), "false", "keep devices of kind software from approving"},
		{"match_digits", number(&c.MatchDigits, 2, 6), "2", "length of the match number; 6 under NIST SP 800-63B-4"},
		{"approval_window", duration(&c.ApprovalWindow, 10*time.Second, 300*time.Second), "120s", "how long a device may answer"},
		{"finish_window", duration(&c.FinishWindow, 10*time.Second, 300*time.Second), "60s", "how long the browser may take after the approval"},
		{"login_lifetime", duration(&c.LoginLifetime, time.Minute, time.Hour), "15m", "how long a whole login may take"},
		{"known_browser", duration(&c.KnownBrowser, day, 400*day), "180d", "how long a browser that completed a login stays known"},

		{"session_lifetime", duration(&c.SessionLifetime, 5*time.Minute, 90*day), "24h", "longest single sign-on session"},
		{"session_idle", duration(&c.SessionIdle, 5*time.Minute, 90*day), "1h", "longest single sign-on session without use"},
		{"code_lifetime", duration(&c.CodeLifetime, 5*time.Second, time.Minute), "60s", "lifetime of authorization codes"},
		{"id_token_lifetime", duration(&c.IDTokenLifetime, time.Minute, day), "1h", "lifetime of ID tokens"},
		{"access_token_lifetime", duration(&c.AccessTokenLifetime, time.Minute, time.Hour), "10m", "lifetime of access tokens"},
		{"refresh_lifetime", duration(&c.RefreshLifetime, time.Hour, 400*day), "90d", "longest life of a refresh token and its successors"},
		{"refresh_idle", duration(&c.RefreshIdle, time.Hour, 400*day), "30d", "longest life of a refresh token without use"},

		{"push_hosts", list(&c.PushHosts, "hosts", "hosts, such as push.example.org or *.example.org", pushHosts), "", "push services besides those of the browsers, such as a UnifiedPush distributor's"},
		{"outbound_allow", list(&c.OutboundAllow, "places", "hosts and networks, such as push.lan or 10.1.0.0/16", outboundAllow), "", "hosts and networks that nod may call although they are private"},
	}...)
}

// DefaultData is the data directory if none is named.
const DefaultData = "nod-data"

// settings lists what every verb needs.
func (p *Place) settings() []setting {
	return []setting{
		{"data", file(&p.Data), DefaultData, "directory of the SQLite database and the sealing key"},
		{"database", database(&p.Database), "", "PostgreSQL to use instead of SQLite, postgres://USER:PASSWORD@HOST/NAME"},
		{"sealing_key_file", file(&p.SealingKeyFile), "", "file of the sealing key (default: the systemd credential sealing.key, or that file in the data directory)"},
		{"allow_network_disk", boolean(&p.AllowNetworkDisk), "false", "keep SQLite on a network file system all the same, where it can be damaged"},
	}
}
