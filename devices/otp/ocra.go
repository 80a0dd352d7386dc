package otp

import (
	"crypto/hmac"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"math/big"
	"strings"
	"time"
	"unicode/utf8"
)

// Input holds what a response is computed from besides the key. A suite reads
// only the fields that it names (RFC 6287, section 5.1); a PINHash or Session
// that it would ignore is an error, lest somebody believe it was checked.
type Input struct {
	// Counter is C.
	Counter uint64
	// Question is Q, in the suite's own format: letters and digits, decimal
	// digits or hexadecimal digits.
	Question string
	// Answered is the second half of Q in mutual challenge-response and empty
	// otherwise. The party that computes puts the other's question first
	// (RFC 6287, section 7.2).
	Answered string
	// PINHash is P, the hash of the PIN under the suite's own hash function.
	PINHash []byte
	// Session is S.
	Session string
	// Time is where T is counted from.
	Time time.Time
}

// questionSize is the fixed length of Q in the hashed message.
const questionSize = 128

// Response computes the response to an input (RFC 6287, section 5.2): decimal
// digits, or the whole HMAC in lower-case hexadecimal for suites of 0 digits.
func (s Suite) Response(key []byte, in Input) (string, error) {
	if err := checkSecret(key); err != nil {
		return "", err
	}
	newHash, err := s.hash.constructor()
	if err != nil {
		return "", errors.New("suite was not parsed")
	}
	message, err := s.message(in)
	if err != nil {
		return "", fmt.Errorf("suite %s: %w", s.text, err)
	}
	mac := hmac.New(newHash, key)
	mac.Write(message)
	return truncate(mac.Sum(nil), s.digits), nil
}

// message lays out the hashed data: suite, a zero byte, then C, Q, P, S and T.
func (s Suite) message(in Input) ([]byte, error) {
	message := append([]byte(s.text), 0)
	if s.counter {
		message = binary.BigEndian.AppendUint64(message, in.Counter)
	}
	question, err := s.question(in)
	if err != nil {
		return nil, err
	}
	message = append(message, question...)
	if err := s.checkPIN(in.PINHash); err != nil {
		return nil, err
	}
	message = append(message, in.PINHash...)
	if err := s.checkSession(in.Session); err != nil {
		return nil, err
	}
	// The reference implementation (RFC 6287, appendix A) pads S on the left.
	message = append(message, make([]byte, s.session-len(in.Session))...)
	message = append(message, in.Session...)
	if s.step > 0 {
		seconds := in.Time.Unix()
		if seconds < 0 {
			return nil, errors.New("time is missing or before 1970")
		}
		message = binary.BigEndian.AppendUint64(message, uint64(seconds)/uint64(s.step/time.Second))
	}
	return message, nil
}

// question encodes Q: text as its bytes, decimal numbers as hexadecimal ones,
// padded with zeros on the right to 128 bytes. An odd last nibble stands on
// the left, as in the reference implementation. The padding makes some short
// questions equal ("1" and "16" as numbers); a suite whose questions all have
// the full length, as the product's, is free of that.
func (s Suite) question(in Input) ([]byte, error) {
	if err := s.checkQuestion(in.Question); err != nil {
		return nil, err
	}
	if in.Answered != "" {
		if err := s.checkQuestion(in.Answered); err != nil {
			return nil, err
		}
	}
	text := in.Question + in.Answered
	padded := make([]byte, questionSize)
	if s.format == 'A' {
		copy(padded, text)
		return padded, nil
	}
	if s.format == 'N' {
		value, _ := new(big.Int).SetString(text, 10)
		text = value.Text(16)
	}
	if len(text)%2 == 1 {
		text += "0"
	}
	_, err := hex.Decode(padded, []byte(text))
	return padded, err
}

func (s Suite) checkQuestion(q string) error {
	if q == "" || len(q) > s.length {
		return fmt.Errorf("question has %d characters, not 1 to %d", len(q), s.length)
	}
	alphabet := "0123456789"
	switch s.format {
	case 'H':
		alphabet += "abcdefABCDEF"
	case 'A':
		alphabet += "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
	}
	if strings.ContainsFunc(q, func(r rune) bool { return !strings.ContainsRune(alphabet, r) }) {
		return fmt.Errorf("question is not of format %c", s.format)
	}
	return nil
}

func (s Suite) checkPIN(hashed []byte) error {
	want := 0
	if s.pin != "" {
		newHash, err := s.pin.constructor()
		if err != nil {
			return err
		}
		want = newHash().Size()
	}
	if len(hashed) != want {
		return fmt.Errorf("PIN hash has %d bytes, not %d", len(hashed), want)
	}
	return nil
}

// checkSession also refuses a leading zero byte, which the padding would hide.
func (s Suite) checkSession(session string) error {
	if len(session) > s.session || s.session > 0 && session == "" {
		return fmt.Errorf("session has %d bytes, the suite takes %d at most", len(session), s.session)
	}
	if !utf8.ValidString(session) || strings.HasPrefix(session, "\x00") {
		return errors.New("session is not plain UTF-8")
	}
	return nil
}

// truncate is the dynamic truncation of RFC 4226, section 5.3, as RFC 6287
// extends it to longer hashes and to ten digits.
func truncate(sum []byte, digits int) string {
	if digits == 0 {
		return hex.EncodeToString(sum)
	}
	offset := sum[len(sum)-1] & 0x0f
	value := uint64(binary.BigEndian.Uint32(sum[offset:]) & 0x7fffffff)
	modulus := uint64(1)
	for range digits {
		modulus *= 10
	}
	return fmt.Sprintf("%0*d", digits, value%modulus)
}
