package oidc

import (
	"context"
	"net/http"

	"github.com/nod-idp/nod/idp/client"
	"github.com/nod-idp/nod/internal/db"
	"github.com/nod-idp/nod/web/guard"
)

// cors lets pages of registered origins call an endpoint. A preflight names no client,
// so it is answered for the origins of all; keepOrigin then looks at the one client.
func (s *Surface) cors(methods ...string) *guard.CORS {
	return &guard.CORS{
		Origin: func(origin string) bool {
			registered, err := s.origins.Get(context.Background())
			return err == nil && registered[origin]
		},
		Methods: methods,
		Headers: []string{"Authorization", "Content-Type", proofHeader},
		Expose:  []string{"WWW-Authenticate", nonceHeader},
	}
}

func (s *Surface) cachedOrigins() *db.Cached[map[string]bool] {
	return db.NewCached(s.Clients.DB, "clients", func(ctx context.Context) (map[string]bool, error) {
		all, err := s.Clients.List(ctx)
		registered := map[string]bool{}
		for _, c := range all {
			for _, origin := range c.Origins {
				registered[origin] = true
			}
		}
		return registered, err
	})
}

// keepOrigin withdraws the permission to read an answer from an origin that is
// another client's, once it is known whose request it was.
func keepOrigin(w http.ResponseWriter, r *http.Request, c client.Client) {
	if c.ID != "" && !c.AllowsOrigin(r.Header.Get("Origin")) {
		w.Header().Del("Access-Control-Allow-Origin")
	}
}
