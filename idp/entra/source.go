package entra

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/nod-idp/nod/internal/outbound"
)

// Limits of what is fetched from Entra.
const (
	keyLife     = 24 * time.Hour  // how long fetched keys are believed
	refetchRest = time.Minute     // between two looks for a key that is not known
	failureRest = 5 * time.Second // after a fetch that failed
	maxDocument = 512 << 10       // bytes
	maxKeys     = 200
)

// ErrUnreachable tells that Entra's keys could not be fetched, so that nothing it signed
// can be believed at present.
var ErrUnreachable = errors.New("the keys of Microsoft Entra cannot be fetched")

// errUnknownKey tells that Entra publishes no key of that name.
var errUnknownKey = errors.New("signed by a key that is not among Entra's")

// source fetches the keys of one authority and keeps them. One caller fetches at a time;
// of the others, those whose key is there do not wait for it.
type source struct {
	client   *outbound.Client
	metadata string

	fetching sync.Mutex // held while keys are fetched, and before mu

	mu        sync.Mutex
	keys      map[string]entraKey
	fetched   time.Time
	looked    time.Time // for a key that was not known
	failed    time.Time
	lastError error
}

// entraKey is a key with the issuer that it signs for. Entra writes {tenantid} where the
// tenant stands.
type entraKey struct {
	jose.JSONWebKey
	issuer string
}

// key returns a key by its name. Keys are fetched anew after a day, and at once, but no
// more than every minute, when the name is not known: Entra changes keys unannounced.
func (s *source) key(ctx context.Context, kid string, now time.Time) (entraKey, error) {
	if k, known, _ := s.kept(kid, now); known {
		return k, nil
	}
	s.fetching.Lock()
	defer s.fetching.Unlock()
	k, known, err := s.kept(kid, now) // somebody else may have fetched it meanwhile
	if known || err != nil {
		return k, err
	}
	// Whoever waits for it may be somebody else than the browser that has gone.
	keys, err := s.fetch(context.WithoutCancel(ctx))
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.fetched.IsZero() && now.Sub(s.fetched) < keyLife { // it was only for this one
		s.looked = now
	}
	if err != nil {
		s.failed, s.lastError = now, fmt.Errorf("%w: %w", ErrUnreachable, err)
		return entraKey{}, s.lastError
	}
	s.keys, s.fetched, s.failed = keys, now, time.Time{}
	if k, known = keys[kid]; !known {
		return entraKey{}, errUnknownKey
	}
	return k, nil
}

// kept returns a key that is there, or why it is not worth looking for at present; neither,
// if it is.
func (s *source) kept(kid string, now time.Time) (k entraKey, known bool, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	fresh := !s.fetched.IsZero() && now.Sub(s.fetched) < keyLife
	k, known = s.keys[kid]
	switch {
	case fresh && known:
		return k, true, nil
	case fresh && now.Sub(s.looked) < refetchRest:
		return entraKey{}, false, errUnknownKey
	case !s.failed.IsZero() && now.Sub(s.failed) < failureRest:
		return entraKey{}, false, s.lastError
	}
	return entraKey{}, false, nil
}

// fetch reads the metadata, and the keys from where it says. They have to be at the very
// host that the metadata came from.
func (s *source) fetch(ctx context.Context) (map[string]entraKey, error) {
	var metadata struct {
		JWKS string `json:"jwks_uri"`
	}
	if err := s.read(ctx, s.metadata, &metadata); err != nil {
		return nil, err
	}
	from, err := url.Parse(s.metadata)
	if err != nil {
		return nil, err
	}
	to, err := url.Parse(metadata.JWKS)
	if err != nil || to.Scheme != from.Scheme || to.Host != from.Host || to.User != nil {
		return nil, errors.New("the metadata leads to another host for its keys")
	}
	var set struct {
		Keys []json.RawMessage `json:"keys"`
	}
	if err := s.read(ctx, metadata.JWKS, &set); err != nil {
		return nil, err
	}
	if len(set.Keys) > maxKeys {
		return nil, fmt.Errorf("there are %d keys", len(set.Keys))
	}
	return usable(set.Keys), nil
}

// usable are the RSA keys of a set that may check signatures. Others are passed over: one
// that cannot be read is no reason to refuse what another one signed.
func usable(raw []json.RawMessage) map[string]entraKey {
	keys := map[string]entraKey{}
	for _, text := range raw {
		var k entraKey
		var besides struct {
			Issuer string `json:"issuer"`
		}
		if k.UnmarshalJSON(text) != nil || json.Unmarshal(text, &besides) != nil || k.KeyID == "" || !signs(k.JSONWebKey) {
			continue
		}
		k.issuer = besides.Issuer
		keys[k.KeyID] = k
	}
	return keys
}

// signsFor reports whether the key signs for this issuer.
func (k entraKey) signsFor(t Tenant) bool {
	return k.issuer == "" || strings.ReplaceAll(k.issuer, "{tenantid}", t.TenantID) == t.hintIssuer()
}

func (s *source) read(ctx context.Context, address string, into any) (err error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return err
	}
	res, err := s.client.Do(req)
	if err != nil {
		return err
	}
	defer func() { _ = res.Body.Close() }() // it was only read
	if res.StatusCode != http.StatusOK {
		return fmt.Errorf("%s answers %d", req.URL.Host, res.StatusCode)
	}
	body, err := io.ReadAll(io.LimitReader(res.Body, maxDocument+1))
	if err != nil {
		return err
	}
	if len(body) > maxDocument {
		return fmt.Errorf("%s answers with more than %d bytes", req.URL.Host, maxDocument)
	}
	return json.Unmarshal(body, into)
}

// sourceOf is where the keys of a tenant's hints come from. Tenants of one cloud share it.
func (s *Tenants) sourceOf(t Tenant) (*source, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.sources == nil {
		s.sources = map[string]*source{}
	}
	if found := s.sources[t.metadataURL()]; found != nil {
		return found, nil
	}
	client := s.Client
	if t.Authority != "" { // a rehearsal on this machine, which the registration has checked
		u, err := url.Parse(t.Authority)
		if err != nil {
			return nil, err
		}
		allow, err := outbound.ParseAllow([]string{u.Hostname()})
		if err != nil {
			return nil, err
		}
		client = &outbound.Client{Allow: allow}
		if s.Client != nil {
			client.TLS = s.Client.TLS
		}
	}
	s.sources[t.metadataURL()] = &source{client: client, metadata: t.metadataURL()}
	return s.sources[t.metadataURL()], nil
}
