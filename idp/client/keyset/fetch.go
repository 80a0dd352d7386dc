package keyset

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/nod-idp/nod/idp/client"
)

// The limits of one fetch.
const (
	fetchTime = 5 * time.Second
	maxAnswer = 64 << 10
)

// fetch asks the client's address. Whoever waits for the keys might go away meanwhile;
// those behind still want them, so the fetch goes on.
func (k *Keys) fetch(ctx context.Context, s *set, now time.Time) error {
	s.asked = now
	if k.Outbound == nil {
		return errors.New("keys of clients are not fetched here")
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), fetchTime)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, s.uri, nil)
	if err != nil {
		return fmt.Errorf("fetch jwks_uri: %w", err)
	}
	req.Header.Set("Accept", "application/jwk-set+json, application/json")
	resp, err := k.Outbound.Do(req)
	if err != nil {
		return fmt.Errorf("fetch jwks_uri: %w", err)
	}
	defer func() { _ = resp.Body.Close() }()
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("fetch jwks_uri: the answer is %d", resp.StatusCode)
	}
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer+1))
	if err != nil {
		return fmt.Errorf("fetch jwks_uri: %w", err)
	}
	keys, err := client.ParseJWKS(body)
	if err != nil {
		return fmt.Errorf("read what jwks_uri answers: %w", err)
	}
	s.keys, s.fetched, s.expires = keys, now, now.Add(age(resp.Header.Get("Cache-Control")))
	return nil
}

// age is how long an answer counts (RFC 9111, section 5.2.2), within bounds: a client that
// says nothing sensible is neither asked at every request nor believed for ever.
func age(cacheControl string) time.Duration {
	told := usualAge
	for directive := range strings.SplitSeq(cacheControl, ",") {
		name, value, _ := strings.Cut(strings.ToLower(strings.TrimSpace(directive)), "=")
		switch name {
		case "no-store", "no-cache":
			return leastAge
		case "max-age":
			if seconds, err := strconv.ParseUint(strings.Trim(value, `"`), 10, 31); err == nil {
				told = time.Duration(seconds) * time.Second
			}
		}
	}
	return min(max(told, leastAge), mostAge)
}
