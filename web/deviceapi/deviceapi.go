// Package deviceapi is where devices reach nod: POST /device/v1/<verb>, as
// docs/device-protocol.md describes it. It owns the way from an HTTP request to an
// authenticated device and back, the statuses of refusals, and the event streams of
// open apps.
//
// It decides nothing. Which device has signed, and how one is enrolled, is left to
// devices; what is asked and whether an answer holds to mfa, behind Challenges.
package deviceapi

import (
	"context"
	"net/http"
	"time"

	"github.com/nod-idp/nod/devices"
	"github.com/nod-idp/nod/devices/protocol"
	"github.com/nod-idp/nod/internal/audit"
	"github.com/nod-idp/nod/internal/db"
	"github.com/nod-idp/nod/mfa"
	"github.com/nod-idp/nod/web/guard"
)

// Surface is the API for devices.
type Surface struct {
	Devices    *devices.Devices
	Challenges Challenges
	DB         *db.DB // whose announcements wake streams
	Streams    *guard.Streams
	// Browser returns the id of the browser whose login cookie came with a request, ""
	// for none. nil means that no cookie counts.
	Browser func(*http.Request) string
	Now     func() time.Time // nil means time.Now

	open openStreams
}

// Challenges are the questions put to devices. Refusals are protocol errors.
type Challenges interface {
	// Requests returns the pending requests for a device, now delivered to it.
	Requests(ctx context.Context, d devices.Device) ([]protocol.Request, error)
	// Open returns one request, now on the device's screen.
	Open(ctx context.Context, d devices.Device, challengeID string, from mfa.Origin) (protocol.Request, error)
	// PINHalf returns the server's half of the PIN path for an open challenge.
	PINHalf(ctx context.Context, d devices.Device, challengeID string) ([]byte, error)
	// Answer takes the device's answer.
	Answer(ctx context.Context, d devices.Device, a protocol.Answer, from mfa.Origin) (protocol.Answered, error)
}

// Register puts every verb on the mux for machines.
func (s *Surface) Register(api *guard.API) {
	for verb, h := range map[string]guard.Handler{
		protocol.VerbEnrolBegin:      s.begin,
		protocol.VerbEnrolCredential: s.credential,
		protocol.VerbEnrolProve:      s.prove,
		protocol.VerbEnrolStatus:     s.status,
		protocol.VerbSubscribe:       s.subscribe,
		protocol.VerbRequests:        s.requests,
		protocol.VerbRequest:         s.request,
		protocol.VerbPINHalf:         s.pinHalf,
		protocol.VerbAnswer:          s.answer,
		protocol.VerbStream:          s.stream,
		protocol.VerbPush:            s.push,
		protocol.VerbNoticeSeen:      s.noticeSeen,
		protocol.VerbSnooze:          s.snooze,
	} {
		api.Handle("POST "+protocol.Path(verb), guard.Route{
			Handler: s.tell(h), Accepts: []string{protocol.ContentType}, MaxBody: protocol.MaxBody,
			// These two may come from the very browser that signs in, which its cookie tells.
			Cookies: verb == protocol.VerbRequest || verb == protocol.VerbAnswer,
		})
	}
}

// receive authenticates a request, decodes its message and says who acts from here
// on.
func (s *Surface) receive(r *http.Request, verb string, message any) (devices.Device, context.Context, error) {
	in, err := incoming(r, verb)
	if err != nil {
		return devices.Device{}, nil, err
	}
	d, payload, err := s.Devices.Authenticate(origin(r, ""), in)
	if err != nil {
		return devices.Device{}, nil, err
	}
	if err := protocol.Decode(payload, message); err != nil {
		return devices.Device{}, nil, err
	}
	return d, origin(r, "device:"+d.ID), nil
}

func incoming(r *http.Request, verb string) (devices.Incoming, error) {
	proofs := r.Header.Values("DPoP")
	if len(proofs) != 1 {
		return devices.Incoming{}, &protocol.Error{Code: protocol.ErrInvalidProof, Message: "There must be exactly one DPoP header."}
	}
	body, err := guard.Body(r)
	if err != nil {
		return devices.Incoming{}, err
	}
	return devices.Incoming{Verb: verb, Proof: proofs[0], Body: body}, nil
}

// origin is the context under which changes are recorded. Before a signature was
// checked nobody is known.
func origin(r *http.Request, actor string) context.Context {
	if actor == "" {
		actor = "anonymous"
	}
	o := audit.Origin{Actor: actor, RequestID: guard.RequestID(r.Context())}
	if ip := guard.ClientIP(r.Context()); ip.IsValid() {
		o.IP = ip.String()
	}
	return audit.From(r.Context(), o)
}

// from is where a request came from: the browser, if it shows a cookie, and the address.
func (s *Surface) from(r *http.Request) (from mfa.Origin) {
	if s.Browser != nil {
		from.Browser = s.Browser(r)
	}
	if ip := guard.ClientIP(r.Context()); ip.IsValid() {
		from.IP = ip.String()
	}
	return from
}

func (s *Surface) now() time.Time {
	if s.Now == nil {
		return time.Now()
	}
	return s.Now()
}
