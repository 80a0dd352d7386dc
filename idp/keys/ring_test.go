package keys

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/nod-idp/nod/internal/db"
	"github.com/nod-idp/nod/internal/db/dbtest"
	"github.com/nod-idp/nod/internal/seal"
)

// quick are the algorithms whose keys take no time to make, for tests about everything else.
var quick = []Algorithm{ES256, EdDSA}

func TestAFirstStartMakesAKeyForEveryAlgorithm(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		ring := &Ring{DB: d, Box: newBox()}
		start(t, ring)
		set := keySet(t, ring)
		if len(set.Keys) != 3 {
			t.Fatalf("got %d keys, want 3", len(set.Keys))
		}
		for _, algorithm := range []Algorithm{RS256, ES256, EdDSA} {
			k := signer(t, ring, algorithm)
			token, err := k.Sign([]byte("{}"), "JWT")
			if err != nil {
				t.Fatal(err)
			}
			jws, err := jose.ParseSignedCompact(token, []jose.SignatureAlgorithm{jose.SignatureAlgorithm(algorithm)})
			if err != nil {
				t.Fatal(err)
			}
			if _, err := jws.Verify(set.Key(k.ID())[0]); err != nil {
				t.Errorf("%s: the published key does not verify: %v", algorithm, err)
			}
			if jwk, err := ring.Public(t.Context(), k.ID()); err != nil || jwk.KeyID != k.ID() {
				t.Errorf("got %s, %v, want %s", jwk.KeyID, err, k.ID())
			}
		}
		if _, err := ring.Signer(t.Context(), "HS256"); !errors.Is(err, ErrNoKey) {
			t.Errorf("got %v, want ErrNoKey", err)
		}
		if _, err := ring.Public(t.Context(), "unknown"); !errors.Is(err, ErrNoKey) {
			t.Errorf("got %v, want ErrNoKey", err)
		}
		if got := audited(t, d, "idp.signing_key.created"); got != 3 {
			t.Errorf("got %d audit entries, want 3", got)
		}
	})
}

func TestASecondStartUsesTheStoredKeys(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		box := newBox()
		first, second := &Ring{DB: d, Box: box}, &Ring{DB: d, Box: box}
		start(t, first)
		start(t, second)
		body1, etag1, _ := first.JWKS(t.Context())
		body2, etag2, _ := second.JWKS(t.Context())
		if string(body1) != string(body2) || etag1 != etag2 || etag1 == "" {
			t.Errorf("got %s and %s, %s and %s", etag1, etag2, body1, body2)
		}
		if got := audited(t, d, "idp.signing_key.created"); got != 3 {
			t.Errorf("got %d keys created, want 3", got)
		}
	})
}

func TestNodesThatStartAtOnceEndUpWithTheSameKeys(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		box := newBox()
		rings := make([]*Ring, 8)
		var wait sync.WaitGroup
		for i := range rings {
			rings[i] = &Ring{DB: d, Box: box, Algorithms: quick}
			if i%2 == 1 {
				rings[i].Algorithms = []Algorithm{EdDSA, ES256}
			}
			wait.Go(func() {
				if err := rings[i].Start(t.Context()); err != nil {
					t.Error(err)
				}
			})
		}
		wait.Wait()
		for _, algorithm := range quick {
			want := signer(t, rings[0], algorithm).ID()
			for i, ring := range rings {
				if got := signer(t, ring, algorithm).ID(); got != want {
					t.Errorf("node %d signs %s with %s, want %s", i, algorithm, got, want)
				}
			}
		}
		if got := audited(t, d, "idp.signing_key.created"); got != 2 {
			t.Errorf("got %d keys created, want 2", got)
		}
	})
}

func TestAWrongSealingKeyIsNoticedBeforeAnythingIsWritten(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		start(t, &Ring{DB: d, Box: newBox(), Algorithms: []Algorithm{ES256}})
		// EdDSA is missing and would be made.
		err := (&Ring{DB: d, Box: seal.NewBox("ins_test", seal.NewKey()), Algorithms: quick}).Start(t.Context())
		if !errors.Is(err, seal.ErrWrongKey) {
			t.Errorf("got %v, want seal.ErrWrongKey", err)
		}
		if got := audited(t, d, "idp.signing_key.created"); got != 1 {
			t.Errorf("got %d keys created, want 1", got)
		}
	})
}

func TestARowThatWasTamperedWithIsRefused(t *testing.T) {
	foreign, err := json.Marshal(testKeys()[ES256].Public())
	if err != nil {
		t.Fatal(err)
	}
	for name, statement := range map[string]string{
		"a public key of somebody else":           fmt.Sprintf("UPDATE signing_keys SET public = '%s'", foreign),
		"a public key of somebody else, our kid":  fmt.Sprintf("UPDATE signing_keys SET public = replace('%s', '%s', kid)", foreign, testKeys()[ES256].ID()),
		"a whole row of somebody else":            fmt.Sprintf("UPDATE signing_keys SET kid = '%s', public = '%s'", testKeys()[ES256].ID(), foreign),
		"a public key that is not JSON":           "UPDATE signing_keys SET public = 'x'",
		"another algorithm":                       "UPDATE signing_keys SET algorithm = 'RS256'",
		"a private key that was moved here":       "UPDATE signing_keys SET kid = 'moved'",
		"a public key for encryption":             `UPDATE signing_keys SET public = replace(public, '"sig"', '"enc"')`,
		"a public key for an algorithm of no use": `UPDATE signing_keys SET public = replace(public, 'ES256', 'ES384')`,
	} {
		t.Run(name, func(t *testing.T) {
			d, box := dbtest.SQLite(t), newBox()
			start(t, &Ring{DB: d, Box: box, Algorithms: []Algorithm{ES256}})
			exec(t, d, statement)
			ring := &Ring{DB: d, Box: box, Algorithms: []Algorithm{ES256}}
			if err := ring.Start(t.Context()); err == nil {
				t.Error("the ring starts")
			}
			if body, _, err := ring.JWKS(t.Context()); err == nil {
				t.Errorf("the ring publishes %s", body)
			}
		})
	}
}

func TestThePrivateKeyIsNowhereInTheDatabase(t *testing.T) {
	d, box := dbtest.SQLite(t), newBox()
	ring := &Ring{DB: d, Box: box, Algorithms: quick}
	start(t, ring)
	var stored []string
	if err := d.Select(t.Context(), &stored, "SELECT public || private FROM signing_keys"); err != nil {
		t.Fatal(err)
	}
	der, err := signer(t, ring, EdDSA).Marshal()
	if err != nil {
		t.Fatal(err)
	}
	secret := string(der[len(der)-32:])
	if strings.Contains(strings.Join(stored, ""), secret) {
		t.Error("the private key is stored in clear")
	}
	body, _, _ := ring.JWKS(t.Context())
	if strings.Contains(string(body), `"d":`) {
		t.Errorf("a private part is published: %s", body)
	}
}

func TestIssuersHaveKeysOfTheirOwn(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		box := newBox()
		ours := &Ring{DB: d, Box: box, Algorithms: quick}
		theirs := &Ring{DB: d, Box: box, Algorithms: quick, Issuer: "entra:1"}
		start(t, ours)
		start(t, theirs)
		for _, algorithm := range quick {
			k := signer(t, ours, algorithm)
			if _, err := theirs.Public(t.Context(), k.ID()); !errors.Is(err, ErrNoKey) {
				t.Errorf("%s: another issuer publishes our key: %v", algorithm, err)
			}
		}
	})
}

func TestAnRS256KeyIsPublishedWithACertificateOfItsOwn(t *testing.T) {
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	d := dbtest.SQLite(t)
	ring := &Ring{DB: d, Box: newBox(), Now: func() time.Time { return now }}
	start(t, ring)
	for _, jwk := range keySet(t, ring).Keys {
		if jwk.Algorithm != "RS256" {
			if len(jwk.Certificates) != 0 {
				t.Errorf("%s has a certificate", jwk.Algorithm)
			}
			continue
		}
		if len(jwk.Certificates) != 1 || len(jwk.CertificateThumbprintSHA256) != 32 {
			t.Fatalf("got %d certificates and a thumbprint of %d bytes", len(jwk.Certificates), len(jwk.CertificateThumbprintSHA256))
		}
		certificate := jwk.Certificates[0]
		if err := certificate.CheckSignature(certificate.SignatureAlgorithm, certificate.RawTBSCertificate, certificate.Signature); err != nil {
			t.Error(err)
		}
		if certificate.NotBefore.After(now) || certificate.NotAfter.Before(now.AddDate(9, 0, 0)) || certificate.SerialNumber.Sign() <= 0 {
			t.Errorf("got %v to %v, number %v", certificate.NotBefore, certificate.NotAfter, certificate.SerialNumber)
		}
	}
}

func newBox() *seal.Box { return seal.NewBox("ins_test", seal.NewKey()) }

func start(t *testing.T, ring *Ring) {
	t.Helper()
	if err := ring.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
}

func signer(t *testing.T, ring *Ring, algorithm Algorithm) *Key {
	t.Helper()
	k, err := ring.Signer(t.Context(), algorithm)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

// keySet is the key set as a client reads it.
func keySet(t *testing.T, ring *Ring) (set jose.JSONWebKeySet) {
	t.Helper()
	body, _, err := ring.JWKS(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(body, &set); err != nil {
		t.Fatal(err)
	}
	return set
}

// kids are the names in the key set, sorted.
func kids(t *testing.T, ring *Ring) (names []string) {
	t.Helper()
	for _, jwk := range keySet(t, ring).Keys {
		names = append(names, jwk.KeyID)
	}
	slices.Sort(names)
	return names
}

func audited(t *testing.T, d *db.DB, action string) (n int) {
	t.Helper()
	if err := d.Get(t.Context(), &n, "SELECT count(*) FROM audit WHERE action = $1", action); err != nil {
		t.Fatal(err)
	}
	return n
}

func exec(t *testing.T, d *db.DB, statement string) {
	t.Helper()
	err := d.Write(t.Context(), func(tx *db.Tx) error {
		_, err := tx.Exec(statement)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

func BenchmarkSigner(b *testing.B) {
	ring := &Ring{DB: dbtest.SQLite(b), Box: newBox(), Algorithms: quick}
	if err := ring.Start(b.Context()); err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if _, err := ring.Signer(b.Context(), ES256); err != nil {
			b.Fatal(err)
		}
	}
}

func TestAKeyForPS256IsMadeWhenTheFirstAsks(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		box := newBox()
		first, second := &Ring{DB: d, Box: box}, &Ring{DB: d, Box: box}
		start(t, first)
		found := make(chan string, 4)
		for i := range cap(found) {
			go func() {
				k, err := []*Ring{first, second}[i%2].Signer(t.Context(), PS256)
				if err != nil {
					t.Error(err)
					found <- ""
					return
				}
				found <- k.ID()
			}()
		}
		one := <-found
		for range cap(found) - 1 {
			if other := <-found; other != one {
				t.Errorf("got %s and %s, want one key on both nodes", one, other)
			}
		}
		if got := audited(t, d, "idp.signing_key.created"); got != 4 {
			t.Errorf("got %d keys created, want 4", got)
		}
		if jwk, err := second.Public(t.Context(), one); err != nil || jwk.Algorithm != "PS256" {
			t.Errorf("published as %s, %v", jwk.Algorithm, err)
		}
	})
}
