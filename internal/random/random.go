// Package random makes the identifiers and bearer secrets of nod. It owns their
// shape: a type prefix, enough bits from crypto/rand and, for secrets, a checksum
// that tells a mistyped token from a wrong one without a look into the database.
// What they stand for is left to the rooms that ask for them.
package random

import (
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/binary"
	"hash/crc32"
	"strings"
)

// ID returns a new identifier: the prefix, an underscore and 26 lower-case
// characters that carry 130 random bits.
func ID(prefix string) string {
	return prefix + "_" + strings.ToLower(rand.Text())
}

// Bytes returns n random bytes.
func Bytes(n int) []byte {
	b := make([]byte, n)
	rand.Read(b) // never fails since Go 1.24; it ends the process instead
	return b
}

const (
	secretBytes   = 32
	checksumBytes = 4
)

var encoding = base64.RawURLEncoding.Strict()

// Token returns a new bearer secret: the prefix, an underscore and 48 URL-safe
// characters that hold 256 random bits and a checksum over prefix and bits.
func Token(prefix string) string {
	return Encode(prefix, Bytes(secretBytes))
}

// Encode gives 32 bytes the form of a token. It serves secrets that are derived
// rather than drawn, such as the successor of a refresh token.
func Encode(prefix string, secret []byte) string {
	sum := binary.BigEndian.AppendUint32(nil, checksum(prefix, secret))
	return prefix + "_" + encoding.EncodeToString(append(append([]byte{}, secret...), sum...))
}

// WellFormed reports whether token could have come from Token(prefix): right
// prefix, right length, right checksum. It says nothing about whether it exists.
func WellFormed(prefix, token string) bool {
	rest, ok := strings.CutPrefix(token, prefix+"_")
	if !ok {
		return false
	}
	raw, err := encoding.DecodeString(rest)
	if err != nil || len(raw) != secretBytes+checksumBytes {
		return false
	}
	return binary.BigEndian.Uint32(raw[secretBytes:]) == checksum(prefix, raw[:secretBytes])
}

func checksum(prefix string, secret []byte) uint32 {
	return crc32.Update(crc32.ChecksumIEEE([]byte(prefix)), crc32.IEEETable, secret)
}

// Hash is the form in which a bearer secret of 256 bits is stored: SHA-256 of the
// whole token. A slow hash would add nothing to that many random bits.
func Hash(token string) []byte {
	sum := sha256.Sum256([]byte(token))
	return sum[:]
}

// Matches reports in constant time whether token is the one that was hashed.
func Matches(hash []byte, token string) bool {
	return subtle.ConstantTimeCompare(hash, Hash(token)) == 1
}
