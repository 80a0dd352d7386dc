package config

import (
	"crypto/tls"
	"net"
	"strings"

	"github.com/nod-idp/nod/internal/disk"
)

// check reports settings that are fine by themselves and not together.
func (c *Config) check(said source) (errs []error) {
	refuse := refusing(&errs, said)
	if c.Data == "" && (c.Database == "" || c.SealingKeyFile == "") {
		refuse("data", "", "a directory, or database and sealing_key_file")
	}
	if !c.fillPublicURL() {
		refuse("public_url", "", publicURLRule+"; it has to be said unless listen is a loopback address with a port")
		return errs
	}
	for _, pair := range []struct {
		name      string
		short     string
		long      string
		longest   string
		exceeding bool
	}{
		{"session_idle", Words(c.SessionIdle), "session_lifetime", Words(c.SessionLifetime), c.SessionIdle > c.SessionLifetime},
		{"refresh_idle", Words(c.RefreshIdle), "refresh_lifetime", Words(c.RefreshLifetime), c.RefreshIdle > c.RefreshLifetime},
	} {
		if pair.exceeding {
			refuse(pair.name, pair.short, "at most "+pair.long+", which is "+pair.longest)
		}
	}
	c.checkTransport(refuse)
	if c.Metrics != "" && c.Metrics == c.Listen {
		refuse("metrics", c.Metrics, "another address than listen: figures are not for the public")
	}
	c.Outgoing.check(refuse)
	c.Relay.check(refuse)
	c.checkDisk(disk.Look, refuse)
	return errs
}

// refusing adds to errs what is refused, with the place where it was said.
func refusing(errs *[]error, said source) func(name, value, allowed string) {
	return func(name, value, allowed string) {
		origin := said[name].origin
		if origin == "" {
			origin = "default"
		}
		*errs = append(*errs, &Refusal{Origin: origin, Name: name, Value: value, Allowed: allowed})
	}
}

// checkDisk sees to it that SQLite's file lies where its locks and its log work. A folder
// that cannot be looked at is left to whoever opens it.
func (p Place) checkDisk(look func(string) (disk.Volume, error), refuse func(name, value, allowed string)) {
	if p.Database != "" || p.Data == "" || p.AllowNetworkDisk {
		return
	}
	if v, err := look(p.DatabaseAddress()); err == nil && v.Kind == disk.Network {
		refuse("data", p.Data, "a directory on a disk of this machine: this one is on "+v.Name+
			", a network file system, where SQLite can be damaged. For several machines use PostgreSQL (database); to take the risk, set allow_network_disk")
	}
}

// checkTransport sees to it that passwords cross no network in the clear: nod speaks
// TLS itself, or is behind a proxy that is listed, or stays on this machine.
func (c *Config) checkTransport(refuse func(name, value, allowed string)) {
	if (c.TLSCert == "") != (c.TLSKey == "") {
		refuse("tls_key", c.TLSKey, "both tls_cert and tls_key, or neither")
		return
	}
	secure := strings.HasPrefix(c.PublicURL, "https://")
	if c.TLS() {
		if !secure {
			refuse("public_url", c.PublicURL, "an https URL, since tls_cert is set")
		}
		if _, err := tls.LoadX509KeyPair(c.TLSCert, c.TLSKey); err != nil {
			refuse("tls_cert", c.TLSCert, "a readable certificate with its key in tls_key ("+err.Error()+")")
		}
		return
	}
	host, _, _ := net.SplitHostPort(c.Listen)
	switch {
	case len(c.TrustedProxies) > 0:
	case secure:
		refuse("public_url", c.PublicURL, "https only with tls_cert and tls_key, or with the proxy that speaks TLS in trusted_proxies")
	case !loopback(host):
		refuse("listen", c.Listen, "a loopback address, unless tls_cert and tls_key are set or a proxy is in trusted_proxies")
	}
}
