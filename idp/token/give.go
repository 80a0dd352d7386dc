package token

import (
	"slices"
	"time"

	"github.com/nod-idp/nod/idp/client"
	"github.com/nod-idp/nod/internal/db"
	"github.com/nod-idp/nod/internal/random"
)

// giveTx makes a grant with its first tokens. It lives as long as the access token, or
// as long as a refresh token may where there is one. Without the client's registration
// offline_access is not honoured, and the answer's scope says so.
//
// A public client's refresh token is bound to the key of this request (RFC 9449, section
// 5); a confidential client's is bound to the client, which proves itself at each use.
func (t *Tokens) giveTx(tx *db.Tx, c client.Client, g grant, asked Asked, now time.Time) (grant, Issued, error) {
	g.CreatedAt, g.ExpiresAt = db.At(now), db.At(now.Add(t.accessLife()))
	if g.Offline = refreshes(c) && slices.Contains(g.Scopes.V, scopeOffline); g.Offline {
		g.ExpiresAt = db.At(now.Add(t.refreshAbsolute()))
	} else {
		g.Scopes.V = slices.DeleteFunc(slices.Clone(g.Scopes.V), func(s string) bool { return s == scopeOffline })
	}
	if c.Public() {
		g.JKT = asked.JKT
	}
	if err := t.insertGrant(tx, g); err != nil {
		return g, Issued{}, err
	}
	issued, err := t.accessTx(tx, c, g, g.Scopes.V, asked, now)
	if err != nil || !g.Offline {
		return g, issued, err
	}
	issued.RefreshToken = random.Token(refreshPrefix)
	return g, issued, t.insertRefresh(tx, g, issued.RefreshToken, now)
}
