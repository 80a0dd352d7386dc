package guard

import (
	"errors"
	"math/rand/v2"
	"net/http"
	"time"

	"github.com/nod-idp/nod/internal/turn"
)

// inTurn runs a handler when its turn has come. Where too many wait already the request is
// sent away, with the advice to come back at different times.
func inTurn(turns *turn.Turns, w http.ResponseWriter, r *http.Request, h Handler) error {
	ctx, leave, err := turns.Take(r.Context())
	if errors.Is(err, turn.ErrCrowded) {
		return Problem{Status: http.StatusServiceUnavailable, Code: "busy", RetryAfter: time.Second + rand.N(4*time.Second), Err: err}
	}
	if err != nil {
		return err
	}
	defer leave()
	return h(w, r.WithContext(ctx))
}
