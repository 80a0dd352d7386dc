package keyset_test

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/nod-idp/nod/idp/client"
	"github.com/nod-idp/nod/idp/client/keyset"
	"github.com/nod-idp/nod/internal/outbound"
)

// A client's address is fetched by the client for all that leaves: nothing private is
// reached unless the operator named it, and no redirect leads there.
func TestAddressesOfKeysAreJudgedLikeAllThatLeave(t *testing.T) {
	_, one := keyOf(t, "one")
	keys := encoded(t, one)
	inside := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(keys)) }))
	defer inside.Close()
	leading := httptest.NewServer(http.RedirectHandler(inside.URL, http.StatusFound))
	defer leading.Close()

	c := client.Client{ID: "app", JWKSURI: inside.URL + "/jwks"}
	closed := &keyset.Keys{Outbound: &outbound.Client{}}
	if err := found(t, closed, c, "one"); !errors.Is(err, outbound.ErrRefused) {
		t.Errorf("a private address: got %v, want it refused", err)
	}
	allow, err := outbound.ParseAllow([]string{"127.0.0.1"})
	if err != nil {
		t.Fatal(err)
	}
	open := &keyset.Keys{Outbound: &outbound.Client{Allow: allow}}
	if err := found(t, open, c, "one"); err != nil {
		t.Errorf("one that was named: got %v", err)
	}
	c.JWKSURI = leading.URL
	if err := found(t, open, c, "one"); err == nil {
		t.Error("a redirect was followed")
	}
}
