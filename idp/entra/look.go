package entra

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"github.com/nod-idp/nod/internal/outbound"
)

// Look fetches the keys of a tenant's cloud, as a hint would have it done, and returns how
// many there are and how far Microsoft's clock is ahead of this one.
func (s *Tenants) Look(ctx context.Context, t Tenant, client *outbound.Client) (keys int, ahead time.Duration, err error) {
	if t.Authority != "" {
		own, err := s.sourceOf(t)
		if err != nil {
			return 0, 0, err
		}
		client = own.client
	}
	from := &source{client: client, metadata: t.metadataURL()}
	found, err := from.fetch(ctx)
	if err != nil {
		return 0, 0, fmt.Errorf("%w: %w", ErrUnreachable, err)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, t.metadataURL(), nil)
	if err != nil {
		return 0, 0, err
	}
	res, err := client.Do(req)
	if err != nil {
		return 0, 0, fmt.Errorf("%w: %w", ErrUnreachable, err)
	}
	_ = res.Body.Close() // only the clock is looked at
	if at, err := http.ParseTime(res.Header.Get("Date")); err == nil {
		ahead = at.Sub(s.now()).Round(time.Second)
	}
	return len(found), ahead, nil
}
