package doctor

import (
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/nod-idp/nod/idp/entra/fake"
	"github.com/nod-idp/nod/idp/keys"
	"github.com/nod-idp/nod/internal/outbound"
)

// address looks whether Entra would take the public URL at all.
func (e *examination) address() {
	const area, name = "Address", "the issuer is one that Entra takes"
	issuer := e.Tenant.Issuer(e.Tenants.PublicURL)
	u, err := url.Parse(issuer)
	switch {
	case err != nil:
		e.found(area, name, Failed, "Set public_url.", "%v", err)
	case outbound.Loopback(u.Hostname()):
		e.found(area, name, Warning, "Give the server a public_url with https that Microsoft can reach.", "%s is this machine, which is good for rehearsals only", issuer)
	case u.Scheme != "https":
		e.found(area, name, Failed, "Set public_url to an address with https.", "%s is not https", issuer)
	case u.Port() == "443":
		e.found(area, name, Failed, "Leave :443 out of public_url: Entra does not take a port that says nothing.", "%s names the port of https", issuer)
	default:
		e.found(area, name, OK, "", "%s", issuer)
	}
}

// reach looks at the running server from outside.
func (e *examination) reach() (fake.Metadata, bool) {
	const area = "Server"
	discovery := e.Tenant.DiscoveryURL(e.Tenants.PublicURL)
	res, err := e.client.Get(discovery)
	if err != nil {
		e.found(area, "it answers", Failed, "Start \"nod serve\", and see that "+e.Tenants.PublicURL+" leads to it.", "%v", err)
		return fake.Metadata{}, false
	}
	_ = res.Body.Close() // it is read again below
	began := time.Now()
	m, faults := fake.Discover(e.client, discovery)
	if len(faults) > 0 {
		e.found(area, "discovery, keys, x5c, kid and Content-Length are as Entra wants them", Failed,
			"See what stands between Microsoft and nod: a proxy must pass on Content-Length and the body as they are.", "%s", strings.Join(faults, "; "))
		return m, false
	}
	e.found(area, "discovery, keys, x5c, kid and Content-Length are as Entra wants them", OK, "", "%s, read in %s", discovery, time.Since(began).Round(time.Millisecond))
	e.clock(area, "this clock and the server’s agree", m.Clock)
	res, err = e.client.Get(m.Authorization)
	switch {
	case err != nil:
		e.found(area, "a bare GET of the endpoint answers 200", Failed, "Entra looks whether it does.", "%v", err)
	case res.StatusCode != http.StatusOK:
		e.found(area, "a bare GET of the endpoint answers 200", Failed, "Entra looks whether it does. See what stands in front of nod.", "it answers %d", res.StatusCode)
	default:
		e.found(area, "a bare GET of the endpoint answers 200", OK, "", "%s", m.Authorization)
	}
	if res != nil {
		_ = res.Body.Close() // it was not read
	}
	return m, true
}

// keys looks at the plan for the next key.
func (e *examination) keys() {
	const area, name = "Keys", "there is a key that signs, and the next one is published in time"
	all, err := e.Tenants.Ring(e.Tenant).List(e.ctx)
	if err != nil {
		e.found(area, name, Failed, "", "%v", err)
		return
	}
	signs, next := false, time.Time{}
	for _, k := range all {
		signs = signs || k.State == keys.Active
		if k.State == keys.Next {
			next = k.ReadyAt()
		}
	}
	command := "nod entra keys " + e.Tenant.Name
	switch {
	case !signs:
		e.found(area, name, Failed, command+" --replace", "no key signs")
	case next.IsZero():
		e.found(area, name, OK, "", "one key signs; to change it: %s --rotate", command)
	case time.Now().Before(next):
		e.found(area, name, OK, "", "a new key is published and signs from %s", next.Local().Format(time.RFC3339))
	default:
		e.found(area, name, Warning, "The server does it within a minute while it runs.", "a new key has been published for more than two days and does not sign yet")
	}
}

// people looks whom Entra could send.
func (e *examination) people() {
	const area, name = "People", "those who are linked can confirm something"
	linked, unready, err := e.Unready(e.ctx)
	switch {
	case err != nil:
		e.found(area, name, Failed, "", "%v", err)
	case linked == 0:
		e.found(area, name, Warning, "nod entra import "+e.Tenant.Name+" FILE.csv --dry-run", "nobody is linked")
	case unready > 0:
		e.found(area, name, Warning, "nod user enroll-link NAME --no-confirm makes a link for somebody without a password.", "%d of %d people have no device, passkey or token", unready, linked)
	default:
		e.found(area, name, OK, "", "%d people", linked)
	}
}
