package protocol

import (
	"errors"
	"strings"
	"unicode/utf8"
)

// State is where a challenge stands, as devices see it.
type State string

// The states of a challenge.
const (
	StatePending    State = "pending"
	StateApproved   State = "approved"
	StateVerified   State = "verified"
	StateDenied     State = "denied"
	StateReported   State = "reported"
	StateExpired    State = "expired"
	StateSuperseded State = "superseded"
	StateWithdrawn  State = "withdrawn"
	StateFailed     State = "failed"
)

// Empty is the message of enrol/status, requests and stream: {}.
type Empty struct{}

// Requests answers requests: everything that is open for this device.
type Requests struct {
	Requests   []Request `json:"requests"`
	PushOn     bool      `json:"push_on"`
	ServerTime Time      `json:"server_time"`
	// Name is what the person calls this device at present.
	Name string `json:"name"`
	// Push is where waking this device stands.
	Push Channel `json:"push"`
	// Notices are what the person has to know and has not seen on this device.
	Notices []Notice `json:"notices"`
}

// Notice tells of a change to the account that this device had no part in.
type Notice struct {
	ID   string `json:"id"`
	Kind string `json:"kind"`
	// About is the name of what changed, such as a device's; it may be empty.
	About string `json:"about"`
	At    Time   `json:"at"`
}

// NoticeRef names a notice that the person has seen.
type NoticeRef struct {
	Notice string `json:"notice"`
}

func (m *NoticeRef) check() error {
	if !isToken(m.Notice, 128) {
		return errors.New("notice is missing or malformed")
	}
	return nil
}

// ChallengeRef names a challenge; it is the message of request, which marks
// the challenge as opened, and of pin-half.
type ChallengeRef struct {
	Challenge string `json:"challenge"`
}

func (m *ChallengeRef) check() error {
	if !isToken(m.Challenge, 128) {
		return errors.New("challenge is missing or malformed")
	}
	return nil
}

// Request is one question to the person: sign in to this client, from there?
type Request struct {
	// ID is the challenge.
	ID string `json:"id"`
	// Nonce is the challenge's random value, hashed as the text it is.
	Nonce  string `json:"nonce"`
	Client Client `json:"client"`
	// Account is the id of the account that is asked.
	Account string `json:"account"`
	// Context is what to show, and is part of what is approved.
	Context Context `json:"context"`
	// MatchDigits is how many digits the login page shows, 0 for none.
	MatchDigits int   `json:"match_digits"`
	State       State `json:"state"`
	CreatedAt   Time  `json:"created_at"`
	ExpiresAt   Time  `json:"expires_at"`
	// NewClient and NewNetwork are hints to look twice, and not approved.
	NewClient  bool `json:"new_client"`
	NewNetwork bool `json:"new_network"`
	NewCountry bool `json:"new_country,omitempty"`
	// Nearby, DistanceKM and Far tell how far the browser that asks is from this device, as
	// far as is known: in the same network; in km; further than the server's policy likes.
	// They are told in the answer to request only, and not approved.
	Nearby     bool `json:"nearby,omitempty"`
	DistanceKM *int `json:"distance_km,omitempty"`
	Far        bool `json:"far,omitempty"`
	// SameBrowser tells that the question came from the very browser that asks for the
	// sign-in, so that no number is needed. It is told in the answer to request only.
	SameBrowser bool `json:"same_browser,omitempty"`
}

// Client is the application that is signed in to. Its name on screen is the
// context's, which the approval covers.
type Client struct {
	ID   string `json:"id"`
	Name string `json:"name"`
}

// Context is what the person sees and thereby approves.
type Context struct {
	ClientName string `json:"client_name"`
	IP         string `json:"ip"`
	Place      string `json:"place"`
	Browser    string `json:"browser"`
	OS         string `json:"os"`
	At         Time   `json:"at"`
	// Message is what an application that asks without a browser says it is about (OpenID
	// Connect CIBA Core 1.0, binding_message), "" if there is none.
	Message string `json:"message,omitempty"`
}

// maxContext is how many characters of each text of a context are kept.
const maxContext = 200

// Clean returns the context without what a browser could use to forge the
// screen of a phone: control characters, bidirectional overrides, invalid
// UTF-8 (which the two sides would hash differently) and excessive length. The
// server calls it once, before it stores the context.
func (c Context) Clean() Context {
	for _, text := range []*string{&c.ClientName, &c.IP, &c.Place, &c.Browser, &c.OS, &c.Message} {
		*text = cleanText(*text)
	}
	c.At = At(c.At.Time)
	return c
}

func cleanText(s string) string {
	s = strings.Map(func(r rune) rune {
		if misleads(r) || r == utf8.RuneError {
			return -1
		}
		return r
	}, s)
	if runes := []rune(s); len(runes) > maxContext {
		s = string(runes[:maxContext])
	}
	return strings.TrimSpace(s)
}

// PINHalf answers pin-half: the server's half of the PIN path, to be used for
// this challenge and forgotten.
type PINHalf struct {
	Half Bytes `json:"half"`
}
