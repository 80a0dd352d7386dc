package otp

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Suite is a parsed OCRA suite: which function answers, how many digits it
// gives, and which inputs it takes (RFC 6287, section 6). The zero Suite
// answers nothing but errors.
type Suite struct {
	text    string
	hash    Hash
	digits  int // 0 means the whole HMAC
	counter bool
	format  byte // of the question: 'A', 'N' or 'H'
	length  int  // of one question, at most
	pin     Hash // "" without P
	session int  // length of S in bytes, 0 without S
	step    time.Duration
}

// ParseSuite reads a suite such as "OCRA-1:HOTP-SHA256-6:QH64". Upper case,
// the order C, Q, P, S, T and the exact spelling of RFC 6287, section 6, are
// demanded, since the text itself is hashed into every response. A question is
// demanded too: without one the result would be HOTP under another name.
func ParseSuite(s string) (Suite, error) {
	suite := Suite{text: s}
	parts := strings.Split(s, ":")
	if len(parts) != 3 {
		return Suite{}, fmt.Errorf("suite %q does not have three parts", s)
	}
	if parts[0] != "OCRA-1" {
		return Suite{}, fmt.Errorf("suite %q is not version OCRA-1", s)
	}
	if err := suite.parseFunction(parts[1]); err != nil {
		return Suite{}, fmt.Errorf("suite %q: %w", s, err)
	}
	if err := suite.parseInputs(parts[2]); err != nil {
		return Suite{}, fmt.Errorf("suite %q: %w", s, err)
	}
	return suite, nil
}

// String returns the suite as it was parsed.
func (s Suite) String() string { return s.text }

// parseFunction reads the crypto function, for example HOTP-SHA256-6
// (RFC 6287, section 6.2).
func (s *Suite) parseFunction(text string) error {
	parts := strings.Split(text, "-")
	if len(parts) != 3 || parts[0] != "HOTP" {
		return fmt.Errorf("unknown function %q", text)
	}
	s.hash = Hash(parts[1])
	if _, err := s.hash.constructor(); err != nil {
		return err
	}
	digits, ok := number(parts[2], 0, 10)
	if !ok || digits > 0 && digits < 4 {
		return fmt.Errorf("digits %q are not 0 or 4 to 10", parts[2])
	}
	s.digits = digits
	return nil
}

// parseInputs reads the data input, for example C-QN08-PSHA1
// (RFC 6287, section 6.3).
func (s *Suite) parseInputs(text string) error {
	parts := strings.Split(text, "-")
	if parts[0] == "C" {
		s.counter = true
		parts = parts[1:]
	}
	if len(parts) == 0 || !s.parseQuestion(parts[0]) {
		return fmt.Errorf("no question in %q", text)
	}
	const order = "PST"
	next := 0
	for _, part := range parts[1:] {
		if part == "" {
			return fmt.Errorf("empty input in %q", text)
		}
		at := strings.IndexByte(order, part[0])
		if at < next {
			return fmt.Errorf("unknown, repeated or misplaced input %q", part)
		}
		next = at + 1
		if !s.parseOptional(part) {
			return fmt.Errorf("malformed input %q", part)
		}
	}
	return nil
}

func (s *Suite) parseQuestion(part string) bool {
	if len(part) != 4 || part[0] != 'Q' || strings.IndexByte("ANH", part[1]) < 0 {
		return false
	}
	s.format = part[1]
	length, err := strconv.ParseUint(part[2:], 10, 8)
	s.length = int(length)
	return err == nil && s.length >= 4 && s.length <= 64
}

// parseOptional reads one of PSHA1, S064 and T1M.
func (s *Suite) parseOptional(part string) bool {
	value := part[1:]
	switch part[0] {
	case 'P':
		s.pin = Hash(value)
		_, err := s.pin.constructor()
		return err == nil
	case 'S':
		length, err := strconv.ParseUint(value, 10, 16)
		s.session = int(length)
		return err == nil && len(value) == 3 && length >= 1 && length <= 512
	case 'T':
		return s.parseStep(value)
	}
	return false
}

// parseStep reads the time step. The standard's table also lists 0H, which
// would divide by zero.
func (s *Suite) parseStep(value string) bool {
	if value == "" {
		return false
	}
	count, unit := value[:len(value)-1], value[len(value)-1]
	most, length := 59, time.Second
	switch unit {
	case 'S':
	case 'M':
		length = time.Minute
	case 'H':
		most, length = 48, time.Hour
	default:
		return false
	}
	n, ok := number(count, 1, most)
	s.step = time.Duration(n) * length
	return ok
}

// number reads a decimal number without sign or leading zeros.
func number(s string, least, most int) (int, bool) {
	n, err := strconv.Atoi(s)
	return n, err == nil && n >= least && n <= most && strconv.Itoa(n) == s
}
