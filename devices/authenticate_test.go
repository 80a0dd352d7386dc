package devices_test

import (
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/nod-idp/nod/devices"
	"github.com/nod-idp/nod/devices/protocol"
)

func TestARequestIsHonouredOnce(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		in := h.enrolled(protocol.VerifyPlain).sign(protocol.VerbRequests, protocol.Empty{})
		won := race(t, 50, func(err error) bool { return errors.Is(err, protocol.ErrReplayed) }, func(int) error {
			_, _, err := h.Authenticate(t.Context(), in)
			return err
		})
		if won != 1 {
			t.Errorf("got %d accepted, want 1", won)
		}
		if !slices.Contains(h.journal(), "!device.proof") {
			t.Error("nothing was recorded of the replay")
		}
		// Until the proof is too old by itself its id must be remembered.
		h.pass(59 * time.Second)
		if _, err := h.DB.SweepOnce(t.Context(), h.now(), 100); err != nil {
			t.Fatal(err)
		}
		_, _, err := h.Authenticate(t.Context(), in)
		wantCode(t, "a minute later", err, protocol.ErrReplayed)
		h.pass(3 * time.Second)
		if _, err := h.DB.SweepOnce(t.Context(), h.now(), 100); err != nil {
			t.Fatal(err)
		}
		_, _, err = h.Authenticate(t.Context(), in)
		wantCode(t, "once it is forgotten", err, protocol.ErrUseNonce)
	})
}

func TestALinkRequestIsHonouredOnceToo(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		msg := protocol.EnrolBegin{Token: h.link(false).Token, Name: "P", Kind: protocol.KindSoftware, Wants: protocol.VerifyPlain}
		in := h.phone().sign(protocol.VerbEnrolBegin, msg)
		lost := func(err error) bool {
			return errors.Is(err, protocol.ErrReplayed) || errors.Is(err, protocol.ErrLinkUsed)
		}
		if won := race(t, 20, lost, func(int) error { _, err := h.Begin(t.Context(), in); return err }); won != 1 {
			t.Errorf("got %d enrolments, want 1", won)
		}
	})
}

func TestAChangedRequestIsRefused(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		p, q := h.enrolled(protocol.VerifyPlain), h.enrolled(protocol.VerifyPlain)
		flip := func(text string, at int) string {
			other := byte('A')
			if text[at] == 'A' {
				other = 'B'
			}
			return text[:at] + string(other) + text[at+1:]
		}
		refused := func(what string, in devices.Incoming) {
			t.Helper()
			_, _, err := h.Authenticate(t.Context(), in)
			if !errors.Is(err, protocol.ErrInvalidProof) && !errors.Is(err, protocol.ErrInvalidRequest) && !errors.Is(err, protocol.ErrUnknownDevice) {
				t.Errorf("%s: got %v, want a refusal", what, err)
			}
		}
		in := p.sign(protocol.VerbRequests, protocol.Empty{})
		for at := 0; at < len(in.Body); at += 3 {
			refused("body", devices.Incoming{Verb: in.Verb, Proof: in.Proof, Body: []byte(flip(string(in.Body), at))})
		}
		for at := 0; at < len(in.Proof); at += 3 {
			refused("proof", devices.Incoming{Verb: in.Verb, Proof: flip(in.Proof, at), Body: in.Body})
		}
		theirs := q.sign(protocol.VerbRequests, protocol.Empty{})
		refused("another verb", devices.Incoming{Verb: protocol.VerbStream, Proof: in.Proof, Body: in.Body})
		refused("another phone's proof", devices.Incoming{Verb: in.Verb, Proof: theirs.Proof, Body: in.Body})
		refused("another request's proof", devices.Incoming{Verb: in.Verb, Proof: p.sign(in.Verb, protocol.ChallengeRef{Challenge: "chl_x"}).Proof, Body: in.Body})
		refused("no proof", devices.Incoming{Verb: in.Verb, Body: in.Body})

		q.DeviceID = p.DeviceID // the right id and a foreign key
		refused("another key", q.sign(protocol.VerbRequests, protocol.Empty{}))
		elsewhere := *p
		elsewhere.PublicURL = "https://evil.example.com"
		refused("another server's request", elsewhere.sign(protocol.VerbRequests, protocol.Empty{}))

		if _, _, err := h.Authenticate(t.Context(), in); err != nil {
			t.Errorf("the request itself was used up by its copies: %v", err)
		}
		if n := h.count("SELECT count(*) FROM audit WHERE action = 'device.proof'"); n != 1 {
			t.Errorf("got %d audit entries about one device within a minute, want 1", n)
		}
		h.pass(time.Minute)
		refused("no proof, later", devices.Incoming{Verb: in.Verb, Body: p.sign(in.Verb, protocol.Empty{}).Body})
		if n := h.count("SELECT count(*) FROM audit WHERE action = 'device.proof'"); n != 2 {
			t.Errorf("got %d audit entries after another minute, want 2", n)
		}
	})
}

func TestAClockThatIsOffIsPutRightByTheNonce(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		p := h.enrolled(protocol.VerifyPlain)
		for _, skew := range []time.Duration{10 * time.Minute, -10 * time.Minute, 61 * time.Second} {
			p.skew, p.Offset, p.Nonce = skew, 0, ""
			wantCode(t, skew.String(), p.requests(), protocol.ErrUseNonce)
			if err := p.Learn(h.Nonce(), h.now().Add(skew)); err != nil {
				t.Fatal(err)
			}
			if err := p.requests(); err != nil {
				t.Errorf("%s off, with the nonce: %v", skew, err)
			}
			h.pass(10 * time.Minute)
			if err := p.requests(); err != nil {
				t.Errorf("%s off, long after, by the offset it learned: %v", skew, err)
			}
			p.Nonce = h.Nonce()
			in := p.sign(protocol.VerbRequests, protocol.Empty{})
			h.pass(61 * time.Second)
			_, _, err := h.Authenticate(t.Context(), in)
			wantCode(t, "a request that took too long", err, protocol.ErrUseNonce)
		}
		if slices.Contains(h.journal(), "!device.proof") {
			t.Error("a wrong clock was recorded as an attack")
		}
	})
}

func TestOnlyAnActiveDeviceIsLetIn(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		ctx := t.Context()
		p, half := h.enrolled(protocol.VerifyPlain), h.phone()
		if err := half.begin(h.link(false).Token, protocol.VerifyPlain); err != nil {
			t.Fatal(err)
		}
		wantCode(t, "while enrolling", half.requests(), protocol.ErrInvalidRequest)
		if err := h.Suspend(ctx, alice, p.DeviceID, "user"); err != nil {
			t.Fatal(err)
		}
		wantCode(t, "suspended", p.requests(), protocol.ErrDeviceSuspended)
		if err := h.Resume(ctx, alice, p.DeviceID); err != nil {
			t.Fatal(err)
		}
		if err := p.requests(); err != nil {
			t.Errorf("resumed: %v", err)
		}
		if err := h.Remove(ctx, alice, p.DeviceID, "user"); err != nil {
			t.Fatal(err)
		}
		wantCode(t, "removed", p.requests(), protocol.ErrUnknownDevice)
		_, err := p.status()
		wantCode(t, "removed, asking for its status", err, protocol.ErrUnknownDevice)
		p.DeviceID = "dev_never"
		wantCode(t, "unknown", p.requests(), protocol.ErrUnknownDevice)
	})
}

func TestADeviceIsSeenAtMostOnceAMinute(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		p := h.enrolled(protocol.VerifyPlain)
		first := p.device().SeenAt
		h.pass(30 * time.Second)
		if err := p.requests(); err != nil || !p.device().SeenAt.Equal(first) {
			t.Errorf("after 30 s: got %s, %v, want %s", p.device().SeenAt, err, first)
		}
		h.pass(30 * time.Second)
		if err := p.requests(); err != nil || !p.device().SeenAt.Equal(h.now()) {
			t.Errorf("after a minute: got %s, %v, want %s", p.device().SeenAt, err, h.now())
		}
	})
}
