package keys

import (
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"fmt"
	"math/big"
	"time"

	"github.com/go-jose/go-jose/v4"
)

// certificateLife is longer than any key is in use. Nobody checks it: the trust in the key comes from the
// address it is published under, not from its certificate.
const certificateLife = 10 * 365 * 24 * time.Hour

// published is the public key as it is served. RS256 keys carry a certificate signed by themselves (x5c
// and x5t#S256, RFC 7517, sections 4.7 and 4.9), because Microsoft Entra wants to see one in the keys of
// an external authentication provider. It is made once and stored: made anew on each node it would differ.
func published(k *Key, now time.Time) (jose.JSONWebKey, error) {
	jwk := k.Public()
	if k.algorithm != RS256 {
		return jwk, nil
	}
	name := sha256.Sum256([]byte(k.id))
	serial := new(big.Int).SetBytes(name[:16])
	template := &x509.Certificate{
		SerialNumber: serial.SetBit(serial, 127, 0), // positive, at most 20 octets (RFC 5280, section 4.1.2.2)
		Subject:      pkix.Name{CommonName: "nod signing key " + k.id[:8]},
		NotBefore:    now.Add(-time.Hour), // a client's clock may be behind
		NotAfter:     now.Add(certificateLife),
		KeyUsage:     x509.KeyUsageDigitalSignature,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, k.private.Public(), k.private)
	if err != nil {
		return jwk, fmt.Errorf("certify signing key: %w", err)
	}
	certificate, err := x509.ParseCertificate(der)
	if err != nil {
		return jwk, fmt.Errorf("certify signing key: %w", err)
	}
	sum := sha256.Sum256(der)
	jwk.Certificates = []*x509.Certificate{certificate}
	jwk.CertificateThumbprintSHA256 = sum[:]
	return jwk, nil
}
