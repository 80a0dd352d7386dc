package deviceapi_test

import (
	"crypto/ecdh"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"testing"

	"github.com/nod-idp/nod/devices"
	"github.com/nod-idp/nod/devices/credential/credentialtest"
	"github.com/nod-idp/nod/devices/protocol"
	"github.com/nod-idp/nod/devices/push"
)

// browserCookie stands for the login cookie; the server of these tests takes its value
// for the browser's id.
const browserCookie = "browser"

// subscriptionAt is what a browser hands out whose push service has this endpoint.
func subscriptionAt(t *testing.T, endpoint string) json.RawMessage {
	t.Helper()
	key, err := ecdh.P256().GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	encode := base64.RawURLEncoding.EncodeToString
	return fmt.Appendf(nil, `{"endpoint":%q,"keys":{"p256dh":%q,"auth":%q}}`, endpoint, encode(key.PublicKey().Bytes()), encode(make([]byte, 16)))
}

func ask[T any](t *testing.T, s *server, signer *protocol.Signer, verb string, message any) T {
	t.Helper()
	resp, _, body := send(t, signed(t, s, signer, verb, message))
	var answer T
	if err := json.Unmarshal([]byte(body), &answer); err != nil || resp.StatusCode != http.StatusOK {
		t.Fatalf("%s: got %d %s, %v", verb, resp.StatusCode, body, err)
	}
	return answer
}

func TestACredentialIsRegisteredOverTheWire(t *testing.T) {
	each(t, func(t *testing.T, s *server) {
		signer := newSigner(t, s)
		link, err := s.devices.Link(t.Context(), devices.LinkRequest{UserID: alice, Confirm: true, MadeBy: "cli:test"})
		if err != nil {
			t.Fatal(err)
		}
		begin := protocol.EnrolBegin{Token: link.Token, Name: "Pixel", Kind: protocol.KindWeb, Wants: protocol.VerifyPIN}
		resp, refusal, _ := send(t, signed(t, s, signer, protocol.VerbEnrolBegin, begin))
		if resp.StatusCode != http.StatusUnprocessableEntity || refusal.Code != protocol.ErrVerificationRefused {
			t.Errorf("a phone without WebAuthn: got %d %s", resp.StatusCode, refusal.Code)
		}
		begin.Wants = protocol.VerifyBiometric
		resp, refusal, _ = send(t, signed(t, s, signer, protocol.VerbEnrolBegin, begin))
		// The server of these tests is reached by an address.
		if resp.StatusCode != http.StatusUnprocessableEntity || refusal.Code != protocol.ErrVerificationRefused {
			t.Errorf("WebAuthn at an address: got %d %s", resp.StatusCode, refusal.Code)
		}
		enrolled := enrolledSigner(t, s)
		made := credentialtest.New(t, s.URL, "localhost").Create(json.RawMessage(`{"challenge":"AA"}`))
		status := ask[protocol.EnrolStatus](t, s, enrolled, protocol.VerbEnrolCredential, protocol.EnrolCredential{Credential: made})
		if status.State != protocol.EnrolStateActive {
			t.Errorf("a credential that nobody asked for: got %s", status.State)
		}
	})
}

func TestADeviceSaysWhereItIsWoken(t *testing.T) {
	each(t, func(t *testing.T, s *server) {
		signer := enrolledSigner(t, s)
		resp, refusal, _ := send(t, signed(t, s, signer, protocol.VerbSubscribe, protocol.Subscribe{Blocked: protocol.BlockedDenied}))
		if resp.StatusCode != http.StatusBadRequest || refusal.Code != protocol.ErrInvalidRequest {
			t.Errorf("on a server that wakes nobody: got %d %s", resp.StatusCode, refusal.Code)
		}
		s.devices.Subscriptions = &push.Subscriptions{DB: s.devices.DB, Box: s.devices.Box}
		subscription := subscriptionAt(t, "https://updates.push.services.mozilla.com/wpush/v2/one")
		for _, row := range []struct {
			say  protocol.Subscribe
			want protocol.Channel
		}{
			{protocol.Subscribe{Blocked: protocol.BlockedDenied}, protocol.Channel{On: true, Blocked: protocol.BlockedDenied}},
			{protocol.Subscribe{Subscription: subscription}, protocol.Channel{On: true, Subscribed: true}},
			{protocol.Subscribe{Blocked: protocol.BlockedUnreachable}, protocol.Channel{On: true, Blocked: protocol.BlockedUnreachable}},
			{protocol.Subscribe{Subscription: subscription}, protocol.Channel{On: true, Subscribed: true}},
		} {
			if got := ask[protocol.PushState](t, s, signer, protocol.VerbSubscribe, row.say); got.Push != row.want {
				t.Errorf("after %q: got %+v, want %+v", row.say.Blocked, got.Push, row.want)
			}
			if got := ask[protocol.Requests](t, s, signer, protocol.VerbRequests, protocol.Empty{}); got.Push != row.want || got.Name != "Phone" || got.Notices == nil {
				t.Errorf("requests tell %+v", got)
			}
		}
		for what, say := range map[string]protocol.Subscribe{
			"a foreign host":                 {Subscription: subscriptionAt(t, "https://push.evil.example/x")},
			"neither":                        {},
			"both":                           {Subscription: subscription, Blocked: protocol.BlockedDenied},
			"an unknown reason":              {Blocked: "tired"},
			"what is no subscription at all": {Subscription: json.RawMessage(`{"endpoint":7}`)},
		} {
			resp, refusal, body := send(t, signed(t, s, signer, protocol.VerbSubscribe, say))
			if resp.StatusCode != http.StatusBadRequest || refusal.Code != protocol.ErrInvalidRequest {
				t.Errorf("%s: got %d %s", what, resp.StatusCode, body)
			}
		}
		if got := ask[protocol.PushState](t, s, signer, protocol.VerbPush, protocol.PushSetting{On: new(false)}); got.PushOn || got.Push.On || !got.Push.Subscribed {
			t.Errorf("push off: got %+v", got)
		}
	})
}

func TestOnlyRequestAndAnswerSeeTheCookieOfALogin(t *testing.T) {
	each(t, func(t *testing.T, s *server) {
		signer := enrolledSigner(t, s)
		s.asks.ask(t, "chl_1", "42", signer.DeviceID)
		with := func(cookie, site string) protocol.Request {
			r := signed(t, s, signer, protocol.VerbRequest, protocol.ChallengeRef{Challenge: "chl_1"})
			if cookie != "" {
				r.AddCookie(&http.Cookie{Name: browserCookie, Value: cookie})
			}
			if site != "" {
				r.Header.Set("Sec-Fetch-Site", site)
			}
			resp, refusal, body := send(t, r)
			var answer protocol.Request
			_ = json.Unmarshal([]byte(body), &answer)
			if site == "cross-site" {
				if resp.StatusCode != http.StatusForbidden || refusal.Code != "cross_origin" {
					t.Errorf("from another site: got %d %s", resp.StatusCode, body)
				}
			}
			return answer
		}
		if !with(sameBrowser, "same-origin").SameBrowser {
			t.Error("the login's own browser was not recognised")
		}
		if with("another", "same-origin").SameBrowser || with("", "").SameBrowser {
			t.Error("another browser was taken for the login's own")
		}
		with(sameBrowser, "cross-site")
	})
}
