package keys

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"fmt"

	"github.com/go-jose/go-jose/v4"
)

// Key is one private key, bound to one algorithm so that it can never be made to sign with another. It is
// safe for concurrent use.
type Key struct {
	algorithm Algorithm
	id        string
	private   crypto.Signer
	header    string // the JOSE header up to where typ goes
}

// Generate makes a key from the system's randomness. bits is the size of an RSA key, 0 meaning
// [DefaultBits]; other algorithms have one size and want 0.
func Generate(algorithm Algorithm, bits int) (*Key, error) {
	private, err := generate(algorithm, bits)
	if err != nil {
		return nil, fmt.Errorf("generate %s key: %w", algorithm, err)
	}
	return newKey(algorithm, private)
}

func generate(algorithm Algorithm, bits int) (crypto.Signer, error) {
	if bits != 0 && !algorithm.usesRSA() {
		return nil, errors.New("only RSA keys come in sizes")
	}
	switch algorithm {
	case RS256, PS256:
		bits, err := checkBits(bits)
		if err != nil {
			return nil, err
		}
		return rsa.GenerateKey(rand.Reader, bits)
	case ES256:
		return ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	case EdDSA:
		_, private, err := ed25519.GenerateKey(rand.Reader)
		return private, err
	}
	return nil, ErrAlgorithm
}

// Parse reads the private key that [Key.Marshal] wrote, and refuses one that does not fit the algorithm.
// Its errors hold nothing of the key.
func Parse(algorithm Algorithm, der []byte) (*Key, error) {
	parsed, err := x509.ParsePKCS8PrivateKey(der)
	if err != nil {
		return nil, errors.New("parse signing key: not a PKCS #8 private key")
	}
	private, ok := parsed.(crypto.Signer)
	if !ok {
		return nil, errors.New("parse signing key: not a key that signs")
	}
	return newKey(algorithm, private)
}

// newKey checks that key and algorithm belong together and computes what every signature needs.
func newKey(algorithm Algorithm, private crypto.Signer) (*Key, error) {
	fits := false
	switch k := private.(type) {
	case *rsa.PrivateKey:
		fits = algorithm.usesRSA() && k.N.BitLen() >= DefaultBits && k.N.BitLen() <= MaxBits
	case *ecdsa.PrivateKey:
		fits = algorithm == ES256 && k.Curve == elliptic.P256()
	case ed25519.PrivateKey:
		fits = algorithm == EdDSA
	}
	if !fits {
		return nil, fmt.Errorf("a %T does not fit %.20q: %w", private, algorithm, ErrAlgorithm)
	}
	jwk := jose.JSONWebKey{Key: private.Public()}
	thumbprint, err := jwk.Thumbprint(crypto.SHA256)
	if err != nil {
		return nil, fmt.Errorf("name signing key: %w", err)
	}
	k := &Key{algorithm: algorithm, private: private, id: base64.RawURLEncoding.EncodeToString(thumbprint)}
	// Neither value needs escaping in JSON: one is from our list, the other base64url.
	k.header = `{"alg":"` + string(algorithm) + `","kid":"` + k.id + `"`
	return k, nil
}

// ID is the key's name, the kid of its tokens: the base64url JWK thumbprint with SHA-256 of the public key
// (RFC 7638). The same key has the same name on every node, and no two keys share one.
func (k *Key) ID() string { return k.id }

// Algorithm is the one the key signs with.
func (k *Key) Algorithm() Algorithm { return k.algorithm }

// Marshal returns the private key as PKCS #8 DER (RFC 5958). The caller seals it before it is stored and
// lets go of the bytes.
func (k *Key) Marshal() ([]byte, error) {
	return x509.MarshalPKCS8PrivateKey(k.private)
}

// Public returns the public key as a JWK with kid, alg and use "sig" (RFC 7517). It holds no private part.
func (k *Key) Public() jose.JSONWebKey {
	return jose.JSONWebKey{
		Key:       k.private.Public(),
		KeyID:     k.id,
		Algorithm: string(k.algorithm),
		Use:       "sig",
	}
}
