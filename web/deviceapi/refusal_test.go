package deviceapi_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/json"
	"errors"
	"io"
	"maps"
	"net/http"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/nod-idp/nod/devices/otp"
	"github.com/nod-idp/nod/devices/protocol"
	"github.com/nod-idp/nod/devices/simulator"
)

func request(t *testing.T, s *server, verb, body string, proofs ...string) *http.Request {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.URL+protocol.Path(verb), strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", protocol.ContentType)
	for _, proof := range proofs {
		r.Header.Add("DPoP", proof)
	}
	return r
}

// send returns the status, the headers and the refusal, if it was one.
func send(t *testing.T, r *http.Request) (*http.Response, protocol.Error, string) {
	t.Helper()
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	var refusal protocol.Error
	if resp.StatusCode != http.StatusOK {
		if err := json.Unmarshal(body, &refusal); err != nil {
			t.Errorf("%s: the refusal is no JSON: %q", r.URL.Path, body)
		}
	}
	return resp, refusal, string(body)
}

// newSigner is a device that has its key and nothing else yet.
func newSigner(t *testing.T, s *server) *protocol.Signer {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return &protocol.Signer{Key: key, PublicURL: s.URL}
}

// enrolledSigner is a device whose every byte the test controls.
func enrolledSigner(t *testing.T, s *server) *protocol.Signer {
	t.Helper()
	signer := newSigner(t, s)
	_, _, body := send(t, signed(t, s, signer, protocol.VerbEnrolBegin, protocol.EnrolBegin{
		Token: s.link(false).Token, Name: "Phone", Kind: protocol.KindSoftware, Wants: protocol.VerifyPlain,
	}))
	var begun protocol.EnrolBegun
	if err := json.Unmarshal([]byte(body), &begun); err != nil {
		t.Fatal(err)
	}
	signer.DeviceID = begun.DeviceID
	passcode, err := otp.PushPasscode(begun.PushSecret, begun.Question)
	if err != nil {
		t.Fatal(err)
	}
	if resp, _, body := send(t, signed(t, s, signer, protocol.VerbEnrolProve, protocol.EnrolProve{Passcode: passcode})); resp.StatusCode != http.StatusOK {
		t.Fatal(body)
	}
	return signer
}

// documented reads the table of codes from the protocol's documentation.
func documented(t *testing.T) map[protocol.Code]int {
	t.Helper()
	text, err := os.ReadFile("../../docs/device-protocol.md")
	if err != nil {
		t.Fatal(err)
	}
	table := map[protocol.Code]int{}
	for _, row := range regexp.MustCompile("(?m)^\\| `([a-z_]+)` \\| ([0-9]{3}) \\|").FindAllStringSubmatch(string(text), -1) {
		table[protocol.Code(row[1])], _ = strconv.Atoi(row[2])
	}
	return table
}

func TestEveryCodeHasTheStatusOfTheDocumentation(t *testing.T) {
	each(t, func(t *testing.T, s *server) {
		signer := enrolledSigner(t, s)
		table := documented(t)
		if len(table) != 22 {
			t.Errorf("got %d documented codes, want 22", len(table))
		}
		for code, status := range maps.All(table) {
			two := 2
			s.asks.fails = &protocol.Error{Code: code, TriesLeft: &two}
			resp, refusal, _ := send(t, signed(t, s, signer, protocol.VerbRequests, protocol.Empty{}))
			if resp.StatusCode != status || refusal.Code != code {
				t.Errorf("%s: got %d %s, want %d", code, resp.StatusCode, refusal.Code, status)
			}
			if refusal.Message == "" || refusal.TriesLeft == nil || *refusal.TriesLeft != 2 || time.Since(refusal.ServerTime.Time).Abs() > time.Minute {
				t.Errorf("%s: got %+v, want a message, the tries left and the time", code, refusal)
			}
			if resp.Header.Get("Date") == "" || resp.Header.Get("Cache-Control") != "no-store" {
				t.Errorf("%s: got headers %v", code, resp.Header)
			}
			if hasNonce := resp.Header.Get("DPoP-Nonce") != ""; hasNonce != (code == protocol.ErrUseNonce) {
				t.Errorf("%s: got a nonce: %v", code, hasNonce)
			}
		}
	})
}

func TestAMishapSaysNothingOfItself(t *testing.T) {
	each(t, func(t *testing.T, s *server) {
		signer := enrolledSigner(t, s)
		s.asks.fails = errors.New("disk on fire at /secret/place")
		resp, refusal, body := send(t, signed(t, s, signer, protocol.VerbRequests, protocol.Empty{}))
		if resp.StatusCode != http.StatusInternalServerError || refusal.Code == "" || strings.Contains(body, "fire") {
			t.Errorf("got %d %s", resp.StatusCode, body)
		}
	})
}

func TestBadRequestsAreRefusedBeforeAnythingHappens(t *testing.T) {
	each(t, func(t *testing.T, s *server) {
		signer := enrolledSigner(t, s)
		body, proof, err := signer.Sign(protocol.VerbRequests, protocol.Empty{}, time.Now())
		if err != nil {
			t.Fatal(err)
		}
		good := string(body)
		with := func(change func(*http.Request)) *http.Request {
			r := request(t, s, protocol.VerbRequests, good, proof)
			change(r)
			return r
		}
		for what, row := range map[string]struct {
			r      *http.Request
			status int
			code   protocol.Code
		}{
			"a body of 17 KiB": {request(t, s, protocol.VerbRequests, strings.Repeat("a", 17<<10), proof), 413, protocol.ErrTooLarge},
			"a stream of 17 KiB": {with(func(r *http.Request) {
				r.Body, r.ContentLength = io.NopCloser(strings.NewReader(strings.Repeat("a", 17<<10))), -1
			}), 413, protocol.ErrTooLarge},
			"a proof of 5 KiB":      {request(t, s, protocol.VerbRequests, good, strings.Repeat("a", 5<<10)), 413, protocol.ErrTooLarge},
			"a form":                {with(func(r *http.Request) { r.Header.Set("Content-Type", "application/x-www-form-urlencoded") }), 415, protocol.ErrInvalidRequest},
			"plain JSON":            {with(func(r *http.Request) { r.Header.Set("Content-Type", "application/json") }), 415, protocol.ErrInvalidRequest},
			"no content type":       {with(func(r *http.Request) { r.Header.Del("Content-Type") }), 415, protocol.ErrInvalidRequest},
			"no proof":              {request(t, s, protocol.VerbRequests, good), 401, protocol.ErrInvalidProof},
			"two proofs":            {request(t, s, protocol.VerbRequests, good, proof, proof), 401, protocol.ErrInvalidProof},
			"no body":               {request(t, s, protocol.VerbRequests, "", proof), 400, protocol.ErrInvalidRequest},
			"prose":                 {request(t, s, protocol.VerbRequests, "hello", proof), 400, protocol.ErrInvalidRequest},
			"another verb's proof":  {request(t, s, protocol.VerbStream, good, proof), 401, protocol.ErrInvalidProof},
			"enrolment without key": {request(t, s, protocol.VerbEnrolBegin, good, proof), 400, protocol.ErrInvalidRequest},
			"no challenge named":    {signed(t, s, signer, protocol.VerbRequest, protocol.Empty{}), 400, protocol.ErrInvalidRequest},
			"an unknown verb":       {request(t, s, "wish", good, proof), 404, "not_found"},
			"GET":                   {with(func(r *http.Request) { r.Method = http.MethodGet }), 405, "method_not_allowed"},
		} {
			resp, refusal, text := send(t, row.r)
			if resp.StatusCode != row.status || refusal.Code != row.code {
				t.Errorf("%s: got %d %s, want %d %s", what, resp.StatusCode, text, row.status, row.code)
			}
		}
		if resp, _, text := send(t, request(t, s, protocol.VerbRequests, good, proof)); resp.StatusCode != 200 || !strings.Contains(text, `"requests":[]`) {
			t.Errorf("the request itself: got %d %s, want an empty list", resp.StatusCode, text)
		}
		_, refusal, _ := send(t, request(t, s, protocol.VerbRequests, good, proof))
		if refusal.Code != protocol.ErrReplayed {
			t.Errorf("the same once more: got %s, want replayed", refusal.Code)
		}
	})
}

func TestAClockRefusalHandsOutTheServersTime(t *testing.T) {
	each(t, func(t *testing.T, s *server) {
		signer := enrolledSigner(t, s)
		signer.Offset = -10 * time.Minute
		resp, refusal, _ := send(t, signed(t, s, signer, protocol.VerbRequests, protocol.Empty{}))
		if resp.StatusCode != 401 || refusal.Code != protocol.ErrUseNonce || !strings.Contains(resp.Header.Get("WWW-Authenticate"), "use_dpop_nonce") {
			t.Fatalf("got %d %+v %v", resp.StatusCode, refusal, resp.Header)
		}
		made, err := protocol.NonceTime(resp.Header.Get("DPoP-Nonce"))
		if err != nil || time.Since(made).Abs() > time.Minute {
			t.Errorf("the nonce says %s, %v", made, err)
		}
	})
}

func TestAPhoneWithAWrongClockEnrolsAndAnswers(t *testing.T) {
	each(t, func(t *testing.T, s *server) {
		for _, off := range []time.Duration{10 * time.Minute, -10 * time.Minute} {
			phone := s.enroll(simulator.Options{Now: func() time.Time { return time.Now().Add(off) }})
			if (phone.Offset() + off).Abs() > 5*time.Second {
				t.Errorf("got an offset of %s, want %s", phone.Offset(), -off)
			}
			s.asks.ask(t, "chl_"+off.String(), "42", phone.ID())
			if _, err := phone.Approve(t.Context(), "chl_"+off.String(), "42", ""); err != nil {
				t.Errorf("%s off: %v", off, err)
			}
		}
	})
}

func TestADeviceIsToldWhyItIsOut(t *testing.T) {
	each(t, func(t *testing.T, s *server) {
		phone := s.enroll(simulator.Options{})
		if err := s.devices.Suspend(t.Context(), alice, phone.ID(), "user"); err != nil {
			t.Fatal(err)
		}
		if _, err := phone.Requests(t.Context()); !errors.Is(err, protocol.ErrDeviceSuspended) {
			t.Errorf("suspended: got %v", err)
		}
		if err := s.devices.Remove(context.WithoutCancel(t.Context()), alice, phone.ID(), "user"); err != nil {
			t.Fatal(err)
		}
		if _, err := phone.Wait(t.Context()); !errors.Is(err, protocol.ErrUnknownDevice) {
			t.Errorf("removed: got %v", err)
		}
	})
}
