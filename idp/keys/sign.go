package keys

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strings"
)

// typCharacters are the ones that occur in media types (RFC 6838, section 4.2).
const typCharacters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789+-._/"

// SignClaims encodes the claims as JSON and signs them, see [Key.Sign].
func (k *Key) SignClaims(claims any, typ string) (string, error) {
	payload, err := json.Marshal(claims)
	if err != nil {
		return "", fmt.Errorf("sign claims: %w", err)
	}
	return k.Sign(payload, typ)
}

// Sign returns the payload as a JWS in compact serialisation (RFC 7515, section 3.1) with alg, kid and typ
// in its header. typ is what keeps one kind of token from passing as another, such as "JWT", "at+jwt" or
// "logout+jwt" (RFC 8725, section 3.11); an empty one is left out.
//
// The standard library signs, not go-jose: the header is known beforehand, and one buffer holds the whole
// token. The tests have go-jose verify what comes out.
func (k *Key) Sign(payload []byte, typ string) (string, error) {
	// Nothing that JSON would escape: typ goes into the header as it is.
	if strings.ContainsFunc(typ, func(r rune) bool { return !strings.ContainsRune(typCharacters, r) }) {
		return "", fmt.Errorf("sign: %.40q is not a media type", typ)
	}
	header := k.header + "}"
	if typ != "" {
		header = k.header + `,"typ":"` + typ + `"}`
	}
	b64 := base64.RawURLEncoding
	token := make([]byte, 0, b64.EncodedLen(len(header))+1+b64.EncodedLen(len(payload))+1+b64.EncodedLen(MaxBits/8))
	token = b64.AppendEncode(token, []byte(header))
	token = append(token, '.')
	token = b64.AppendEncode(token, payload)
	signature, err := k.signature(token)
	if err != nil {
		return "", fmt.Errorf("sign: %w", err)
	}
	token = append(token, '.')
	return string(b64.AppendEncode(token, signature)), nil
}

// signature computes the signature over the signing input in the form JWS wants.
func (k *Key) signature(input []byte) ([]byte, error) {
	if private, ok := k.private.(ed25519.PrivateKey); ok {
		return ed25519.Sign(private, input), nil
	}
	digest := sha256.Sum256(input)
	switch private := k.private.(type) {
	case *rsa.PrivateKey:
		if k.algorithm == PS256 {
			// RFC 7518, section 3.5: the salt is as long as the hash.
			return rsa.SignPSS(rand.Reader, private, crypto.SHA256, digest[:], &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthEqualsHash})
		}
		return rsa.SignPKCS1v15(rand.Reader, private, crypto.SHA256, digest[:])
	case *ecdsa.PrivateKey:
		r, s, err := ecdsa.Sign(rand.Reader, private, digest[:])
		if err != nil {
			return nil, err
		}
		// RFC 7518, section 3.4: both numbers at full length, one behind the other, not ASN.1.
		signature := make([]byte, 64)
		r.FillBytes(signature[:32])
		s.FillBytes(signature[32:])
		return signature, nil
	}
	return nil, ErrAlgorithm
}
