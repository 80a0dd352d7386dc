package oidc

import (
	"errors"
	"net/http"
	"strings"

	"github.com/nod-idp/nod/idp"
	"github.com/nod-idp/nod/idp/client"
	"github.com/nod-idp/nod/idp/client/keyset"
	"github.com/nod-idp/nod/idp/token"
	"github.com/nod-idp/nod/internal/dpop"
	"github.com/nod-idp/nod/internal/jws"
	"github.com/nod-idp/nod/web/guard"
)

// The headers of RFC 9449.
const (
	proofHeader = "DPoP"
	nonceHeader = "DPoP-Nonce"
)

// dpopChallenge offers the scheme (RFC 9449, section 7.1).
var dpopChallenge = `DPoP realm="nod", algs="` + strings.Join(jws.Algorithms(), " ") + `"`

// provedKey returns the thumbprint of the key that a request to an address of ours proves
// to hold, "" if it proves none. A client that binds all its tokens must prove one, and
// with a nonce. Whoever sent a proof is told the nonce of the moment, so that the next one
// is right at once.
func (s *Surface) provedKey(w http.ResponseWriter, r *http.Request, c client.Client, path string) (string, error) {
	proofs := r.Header.Values(proofHeader)
	if len(proofs) == 0 && !c.RequiresDPoP() {
		return "", nil
	}
	w.Header().Set(nonceHeader, s.proofs.Nonce())
	switch len(proofs) {
	case 0:
		return "", token.ErrProofNeeded
	case 1:
	default:
		return "", fail(idp.InvalidDPoPProof, "there is more than one DPoP header", nil)
	}
	p, err := s.proofs.Use(r.Context(), proofs[0], dpop.Request{
		Method: r.Method, URL: s.Issuer + path, DemandNonce: c.RequiresDPoP(), Algorithms: keyset.Algorithms(c),
	})
	return p.Thumbprint, err
}

// presented is how an access token came to a resource of ours.
type presented struct {
	scheme string // "bearer" or "dpop"
	token  string
}

var errBound = errors.New("the scheme is not the one the token was issued for")

// bindingHolds demands of who presents an access token what it is bound to (RFC 9449,
// section 7): one that is bound to a key needs a proof of that key, made for this request
// and this token, and one that is not is no DPoP token.
func (s *Surface) bindingHolds(w http.ResponseWriter, r *http.Request, p presented, access token.Access, c client.Client) error {
	bound := access.JKT != ""
	if bound != (p.scheme == "dpop") {
		return fail(idp.InvalidToken, "the access token was not issued for this scheme", errBound)
	}
	if !bound {
		return nil
	}
	w.Header().Set(nonceHeader, s.proofs.Nonce())
	proofs := r.Header.Values(proofHeader)
	if len(proofs) != 1 {
		return fail(idp.InvalidDPoPProof, "there must be exactly one DPoP header", nil)
	}
	proof, err := s.proofs.Use(r.Context(), proofs[0], dpop.Request{
		Method: r.Method, URL: s.Issuer + userinfoPath, AccessToken: p.token, DemandNonce: c.RequiresDPoP(), Algorithms: keyset.Algorithms(c),
	})
	if err != nil {
		return err
	}
	if proof.Thumbprint != access.JKT {
		return fail(idp.InvalidToken, "the access token is bound to another key", nil)
	}
	return nil
}

// atResource turns a failure of a proof into the answer of a protected resource: 401 and
// the scheme to use (RFC 9449, sections 7.1 and 9).
func atResource(p presented, err error) error {
	failure := failureOf(err)
	if failure == nil || p.scheme != "dpop" && !errors.Is(err, errBound) {
		return problemOf(err)
	}
	problem := guard.Problem{
		Status: http.StatusUnauthorized, Code: failure.Code, Public: failure.Description, Side: guard.SideApplication, Err: err,
		Header: http.Header{"Www-Authenticate": {
			dpopChallenge + `, error="` + failure.Code + `", error_description="` + failure.Description + `"`,
		}},
	}
	if failure.Code == insufficientScope {
		problem.Status = http.StatusForbidden
	}
	return problem
}
