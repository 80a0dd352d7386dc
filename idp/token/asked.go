package token

import (
	"fmt"
	"slices"

	"github.com/nod-idp/nod/idp/client"
)

// Asked is what a request for tokens says beside the grant that it presents.
type Asked struct {
	// JKT is the thumbprint of the key that the sender proved to hold (RFC 9449), "" for
	// none. The access token is bound to it.
	JKT string
	// Resources are where the access token is to be used (RFC 8707), nil for wherever was
	// granted.
	Resources []string
}

// check demands a key of clients that bind everything.
func (a Asked) check(c client.Client) error {
	if c.RequiresDPoP() && a.JKT == "" {
		return ErrProofNeeded
	}
	return nil
}

// narrowedResources returns the resources asked for if all of them were granted (RFC
// 8707, section 2.2).
func narrowedResources(granted, asked []string) ([]string, error) {
	if len(asked) == 0 {
		return granted, nil
	}
	for _, resource := range asked {
		if !slices.Contains(granted, resource) {
			return nil, fmt.Errorf("%w: %.80q was not granted", ErrInvalidTarget, resource)
		}
	}
	return slices.Compact(slices.Sorted(slices.Values(asked))), nil
}
