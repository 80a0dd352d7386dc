package pushservice

import (
	"fmt"
	"io"
	"net/http"
	"path"
	"regexp"
	"slices"
	"strconv"
	"time"
)

// A refusal is the answer to a push that breaks a rule, and the rule.
type refusal struct {
	status int
	reason string
}

func refused(status int, format string, args ...any) *refusal {
	return &refusal{status, fmt.Sprintf(format, args...)}
}

// maxBody is the size that every service must take (RFC 8030, section 7.2) and that
// real ones do not exceed.
const maxBody = 4096

var topicForm = regexp.MustCompile(`^[A-Za-z0-9_-]{1,32}$`)

var urgencies = []string{"", "very-low", "low", "normal", "high"}

// read checks a request against RFC 8030, RFC 8291 and RFC 8292.
func (s *Service) read(r *http.Request) (Message, *refusal) {
	if r.Method != http.MethodPost {
		return Message{}, refused(http.StatusMethodNotAllowed, "a push message is a POST, not a %s", r.Method)
	}
	token := path.Base(r.URL.Path)
	s.mu.Lock()
	sub := s.subscriptions[token]
	gone := sub != nil && sub.gone
	s.mu.Unlock()
	switch {
	case sub == nil:
		return Message{}, refused(http.StatusNotFound, "no such subscription: %q", r.URL.Path)
	case gone:
		return Message{}, refused(http.StatusGone, "the subscription has ended")
	}

	seconds, err := strconv.ParseUint(r.Header.Get("TTL"), 10, 31)
	if err != nil {
		return Message{}, refused(http.StatusBadRequest, "TTL is %q, want seconds (RFC 8030, section 5.2)", r.Header.Get("TTL"))
	}
	topic := r.Header.Get("Topic")
	if topic != "" && !topicForm.MatchString(topic) {
		return Message{}, refused(http.StatusBadRequest, "Topic is %q, want at most 32 letters of base64url (RFC 8030, section 5.4)", topic)
	}
	urgency := r.Header.Get("Urgency")
	if !slices.Contains(urgencies, urgency) {
		return Message{}, refused(http.StatusBadRequest, "Urgency is %q (RFC 8030, section 5.3)", urgency)
	}

	subject, problem := vapid(r.Header.Get("Authorization"), s.origin(r), sub.senderKey, time.Now())
	if problem != nil {
		return Message{}, problem
	}
	body, err := io.ReadAll(io.LimitReader(r.Body, maxBody+1))
	if err != nil {
		return Message{}, refused(http.StatusBadRequest, "read the body: %v", err)
	}
	if problem := encrypted(r.Header.Get("Content-Encoding"), body); problem != nil {
		return Message{}, problem
	}
	return Message{
		Token: token, TTL: time.Duration(seconds) * time.Second, Urgency: urgency, Topic: topic,
		Encoding: r.Header.Get("Content-Encoding"), Subject: subject, Body: body,
	}, nil
}

// encrypted checks the outside of an encrypted body (RFC 8188, section 2.1, as RFC
// 8291, section 4 narrows it down). An empty body is a push without a text.
func encrypted(encoding string, body []byte) *refusal {
	const (
		header = 16 + 4 + 1 + 65 // salt, record size, length of the key, key
		frame  = 1 + 16          // delimiter, tag
	)
	switch {
	case len(body) > maxBody:
		return refused(http.StatusRequestEntityTooLarge, "the body is larger than %d bytes", maxBody)
	case len(body) == 0:
		return nil
	case encoding != "aes128gcm":
		return refused(http.StatusBadRequest, "Content-Encoding is %q, want aes128gcm (RFC 8291, section 4)", encoding)
	case len(body) < header+frame:
		return refused(http.StatusBadRequest, "a body of %d bytes cannot be an encrypted record", len(body))
	case body[20] != 65 || body[21] != 4:
		return refused(http.StatusBadRequest, "the key in the body is no uncompressed P-256 point")
	}
	return nil
}

// refuse answers and remembers why.
func (s *Service) refuse(w http.ResponseWriter, r *http.Request, problem *refusal) {
	s.mu.Lock()
	s.refusals = append(s.refusals, fmt.Sprintf("%d for %s: %s", problem.status, r.Host, problem.reason))
	s.mu.Unlock()
	http.Error(w, problem.reason, problem.status)
}
