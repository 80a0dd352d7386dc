package password

import (
	"encoding/base64"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"golang.org/x/crypto/argon2"
)

// ErrEncoding is returned for an encoded password that is not an Argon2id PHC string, or whose parameters
// are outside the limits. The text of the string is never part of the error.
var ErrEncoding = errors.New("encoded password is not a usable argon2id string")

// Limits on what a stored string may ask of the machine. Without them one forged or damaged row could make
// a login take gigabytes or minutes.
const (
	maxMemory  = 1 << 20 // KiB: 1 GiB
	maxTime    = 64
	maxThreads = 32
	maxSalt    = 64 // bytes
	minSalt    = 8  // bytes, the least RFC 9106 allows
	maxKey     = 64 // bytes
	minKey     = 16 // bytes: below that the hash could be matched by chance
	maxEncoded = 320
)

// cost is what one hash takes: memory in KiB, passes over it, and lanes (RFC 9106, section 3.1).
type cost struct {
	memory  uint32
	time    uint32
	threads uint8
}

// valid says whether the cost is within the limits. RFC 9106 wants at least 8 KiB for each lane.
func (c cost) valid() bool {
	return c.time >= 1 && c.time <= maxTime &&
		c.threads >= 1 && c.threads <= maxThreads &&
		c.memory >= 8*uint32(c.threads) && c.memory <= maxMemory
}

// phc is a parsed password hash string, `$argon2id$v=19$m=19456,t=2,p=1$salt$key`.
type phc struct {
	cost
	salt []byte
	key  []byte
}

// String encodes the hash. parsePHC reads back exactly what String wrote.
func (p phc) String() string {
	b64 := base64.RawStdEncoding
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s",
		argon2.Version, p.memory, p.time, p.threads, b64.EncodeToString(p.salt), b64.EncodeToString(p.key))
}

// parsePHC reads an encoded password strictly: one spelling for each hash, parameters in this order, no
// optional parts. nod wrote every string it reads, so anything else is damage.
func parsePHC(encoded string) (phc, error) {
	if len(encoded) > maxEncoded {
		return phc{}, fmt.Errorf("%w: too long", ErrEncoding)
	}
	parts := strings.Split(encoded, "$")
	if len(parts) != 6 || parts[0] != "" || parts[1] != "argon2id" {
		return phc{}, fmt.Errorf("%w: not argon2id", ErrEncoding)
	}
	if parts[2] != "v="+strconv.Itoa(argon2.Version) {
		return phc{}, fmt.Errorf("%w: unknown version", ErrEncoding)
	}
	c, ok := parseCost(parts[3])
	if !ok || !c.valid() {
		return phc{}, fmt.Errorf("%w: parameters outside the limits", ErrEncoding)
	}
	salt, saltErr := base64.RawStdEncoding.Strict().DecodeString(parts[4])
	key, keyErr := base64.RawStdEncoding.Strict().DecodeString(parts[5])
	if saltErr != nil || keyErr != nil || strings.ContainsAny(parts[4]+parts[5], "\r\n") {
		return phc{}, fmt.Errorf("%w: bad base64", ErrEncoding)
	}
	if len(salt) < minSalt || len(salt) > maxSalt || len(key) < minKey || len(key) > maxKey {
		return phc{}, fmt.Errorf("%w: bad length", ErrEncoding)
	}
	return phc{cost: c, salt: salt, key: key}, nil
}

// parseCost reads `m=…,t=…,p=…`.
func parseCost(text string) (cost, bool) {
	fields := strings.Split(text, ",")
	if len(fields) != 3 {
		return cost{}, false
	}
	memory, ok1 := parseNumber(fields[0], "m=", 32)
	time, ok2 := parseNumber(fields[1], "t=", 32)
	threads, ok3 := parseNumber(fields[2], "p=", 8)
	return cost{uint32(memory), uint32(time), uint8(threads)}, ok1 && ok2 && ok3
}

// parseNumber reads one decimal number without sign or leading zero behind its name.
func parseNumber(field, name string, bits int) (uint64, bool) {
	digits, found := strings.CutPrefix(field, name)
	if !found || digits == "" || digits[0] < '1' || digits[0] > '9' {
		return 0, false
	}
	n, err := strconv.ParseUint(digits, 10, bits)
	return n, err == nil
}
