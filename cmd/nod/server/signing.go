package server

import (
	"cmp"
	"context"
	"time"
)

// What a key signed has expired after the longest life of any token, and clocks differ. An
// id_token_hint may be older than its token's life, so keys stay for a while longer.
const keysKept = 7 * 24 * time.Hour

// turnKeys lets keys sign that were published for long enough, and removes those that were
// retired longer ago than anything they signed counts.
func (s *Server) turnKeys(ctx context.Context, _ int) (int64, error) {
	if err := s.Keys.Advance(ctx); err != nil {
		return 0, err
	}
	life := max(cmp.Or(s.Options.IDTokenLife, time.Hour), cmp.Or(s.Options.AccessTokenLife, 10*time.Minute))
	removed, err := s.Keys.Sweep(ctx, life+keysKept)
	return int64(removed), err
}
