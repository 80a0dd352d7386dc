package entra

import (
	"cmp"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/nod-idp/nod/internal/label"
)

// Tenant is a directory of Microsoft's that nod is an external method of.
type Tenant struct {
	ID       string
	Name     string // what the administrator calls it
	TenantID string // of the directory: the claim tid
	AppID    string // of the application in the directory that stands for nod
	ClientID string // what Entra calls itself here: client_id of its requests
	Cloud    Cloud
	// Authority and Reply replace the cloud's addresses in rehearsals on this machine; "" is
	// the cloud's own.
	Authority string
	Reply     string
	// Enrol lets people link their account at their first sign-in, by a code from the
	// administrator.
	Enrol     bool
	CreatedAt time.Time
}

// What can be wrong with a tenant.
var (
	ErrNotFound  = errors.New("no such Entra tenant")
	ErrNameTaken = errors.New("there is an Entra tenant of this name already")
	ErrRefused   = errors.New("the registration is refused")
)

// Key is the value of issuer columns for this tenant, and the client of its logins.
func (t Tenant) Key() string { return keyPrefix + t.ID }

const keyPrefix = "entra:"

// The addresses of a tenant, below nod's own.
const (
	PathPrefix    = "/entra/"
	DiscoveryPath = "/.well-known/openid-configuration"
	AuthorizePath = "/authorize"
	JWKSPath      = "/keys"
)

// PathOf is the path below which a tenant's pages lie, by its key.
func PathOf(key string) string { return PathPrefix + strings.TrimPrefix(key, keyPrefix) }

// Issuer is the claim iss of answers: the address that discovery lies below.
func (t Tenant) Issuer(publicURL string) string { return publicURL + PathPrefix + t.ID }

// DiscoveryURL is what the administrator gives to Entra.
func (t Tenant) DiscoveryURL(publicURL string) string { return t.Issuer(publicURL) + DiscoveryPath }

// AuthorizationURL is the endpoint that Entra sends people to. It has to be among the
// redirect URIs of the application.
func (t Tenant) AuthorizationURL(publicURL string) string { return t.Issuer(publicURL) + AuthorizePath }

func (t Tenant) authority() string { return cmp.Or(t.Authority, authorities[t.Cloud]) }

// ReplyURL is the one address that answers go to.
func (t Tenant) ReplyURL() string { return cmp.Or(t.Reply, authorities[t.Cloud]+replyPath) }

// hintIssuer is the claim iss of the tenant's hints.
func (t Tenant) hintIssuer() string { return t.authority() + "/" + t.TenantID + "/v2.0" }

// metadataURL is where Entra says where its keys are.
func (t Tenant) metadataURL() string { return t.authority() + "/common/v2.0" + DiscoveryPath }

var (
	guid  = regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$`)
	plain = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._:-]{0,127}$`)
)

// identifier checks an id of Microsoft's and returns it as tokens spell it. A rehearsal may
// call its accounts as it likes.
func (t Tenant) identifier(what, id string) (string, error) {
	id = strings.TrimSpace(id)
	if lower := strings.ToLower(id); guid.MatchString(lower) {
		return lower, nil
	}
	if t.Authority != "" && plain.MatchString(id) {
		return id, nil
	}
	return "", fmt.Errorf("%w: the %s %q is not an id such as 9122040d-6c67-4c5b-b112-36a304b66dad", ErrRefused, what, id)
}

// check refuses what could not work, and returns the tenant as it is stored.
func (t Tenant) check() (Tenant, error) {
	var ok bool
	var err error
	t.Cloud = cmp.Or(t.Cloud, Global)
	if t.Name, ok = label.Clean(t.Name); !ok {
		return t, fmt.Errorf("%w: the name is not 1 to %d visible characters", ErrRefused, label.Longest)
	}
	if !slices.Contains(Clouds(), t.Cloud) {
		return t, fmt.Errorf("%w: the cloud %q is none of %v", ErrRefused, t.Cloud, Clouds())
	}
	t.Authority = strings.TrimSuffix(t.Authority, "/")
	if t.Authority != "" {
		err = loopback("the authority", t.Authority)
	}
	if err == nil && t.Reply != "" {
		err = loopback("the reply URL", t.Reply)
	}
	if err != nil {
		return t, err
	}
	if t.TenantID, err = t.identifier("tenant id", t.TenantID); err != nil {
		return t, err
	}
	if t.AppID = strings.TrimSpace(t.AppID); !plain.MatchString(t.AppID) {
		return t, fmt.Errorf("%w: the application id %q is not the one that Entra shows", ErrRefused, t.AppID)
	}
	if t.ClientID = strings.TrimSpace(t.ClientID); !plain.MatchString(t.ClientID) {
		return t, fmt.Errorf("%w: the client id %q holds more than letters, digits and . _ : -", ErrRefused, t.ClientID)
	}
	return t, nil
}
