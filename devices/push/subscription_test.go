package push

import (
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
)

func TestASubscriptionIsReadAsBrowsersWriteIt(t *testing.T) {
	s := installation(t)
	got, err := ParseSubscription(s.encode())
	if err != nil || !got.Same(s) {
		t.Errorf("got %q, %v", got.Endpoint, err)
	}
	padded := fmt.Sprintf(`{"endpoint":%q,"expirationTime":null,"keys":{"p256dh":"%s=","auth":"%s=="}}`,
		s.Endpoint, base64url(s.P256DH), base64url(s.Auth))
	if got, err = ParseSubscription([]byte(padded)); err != nil || !got.Same(s) {
		t.Errorf("with padding: got %q, %v", got.Endpoint, err)
	}
}

func TestASubscriptionWithAFaultIsRefused(t *testing.T) {
	s := installation(t)
	point, auth := base64url(s.P256DH), base64url(s.Auth)
	offCurve := append([]byte{}, s.P256DH...)
	offCurve[64] ^= 1
	compressed := append([]byte{2}, s.P256DH[1:33]...)
	for name, text := range map[string]string{
		"nothing":             ``,
		"a list":              `[]`,
		"null":                `null`,
		"no keys":             `{"endpoint":"https://fcm.googleapis.com/x"}`,
		"a point off curve":   keys(base64url(offCurve), auth),
		"a compressed point":  keys(base64url(compressed), auth),
		"the point of zero":   keys("AA", auth),
		"a short auth":        keys(point, auth[:20]),
		"a long auth":         keys(point, base64url(append(s.Auth, 0))),
		"standard base64":     keys(strings.NewReplacer("-", "+", "_", "/").Replace(point)+"+", auth),
		"trailing bits":       keys(point, auth[:21]+"B"),
		"a text that is long": keys(point, auth) + strings.Repeat(" ", maxSubscription),
	} {
		if _, err := ParseSubscription([]byte(text)); !errors.Is(err, ErrBadSubscription) {
			t.Errorf("%s: got %v, want ErrBadSubscription", name, err)
		}
	}
}

func keys(p256dh, auth string) string {
	return fmt.Sprintf(`{"endpoint":"https://fcm.googleapis.com/x","keys":{"p256dh":%q,"auth":%q}}`, p256dh, auth)
}

func TestOnlyPushServicesAreSentTo(t *testing.T) {
	ours, err := ParseHosts([]string{"push.example.org", "*.up.example", "push.example.org:8443", "127.0.0.1:4000", "[::1]:4000", "10.1.2.3"})
	if err != nil {
		t.Fatal(err)
	}
	for endpoint, want := range map[string]struct{ browsers, ours bool }{
		"https://fcm.googleapis.com/fcm/send/abc":                        {true, true},
		"https://fcm.googleapis.com/wp/abc":                              {true, true},
		"https://jmt17.google.com/fcm/send/abc":                          {true, true},
		"https://updates.push.services.mozilla.com/wpush/v2/abc":         {true, true},
		"https://web.push.apple.com/abc":                                 {true, true},
		"https://db5p.notify.windows.com/w/?token=abc":                   {true, true},
		"https://push.example.org/up?token=1":                            {false, true},
		"https://push.example.org:8443/up":                               {false, true},
		"https://a.up.example/x":                                         {false, true},
		"https://a.b.up.example/x":                                       {false, true},
		"http://127.0.0.1:4000/x":                                        {false, true},
		"https://127.0.0.1:4000/x":                                       {false, true},
		"http://[::1]:4000/x":                                            {false, true},
		"https://10.1.2.3/x":                                             {false, true},
		"http://10.1.2.3/x":                                              {},
		"http://push.example.org/up":                                     {},
		"https://push.example.org:9000/up":                               {},
		"https://up.example/x":                                           {},
		"https://xup.example/x":                                          {},
		"http://127.0.0.1:4001/x":                                        {},
		"http://fcm.googleapis.com/fcm/send/abc":                         {},
		"https://fcm.googleapis.com:8443/fcm/send/abc":                   {},
		"https://fcm.googleapis.com:443/fcm/send/abc":                    {},
		"https://fcm.googleapis.com.evil.example/x":                      {},
		"https://evilfcm.googleapis.com/x":                               {},
		"https://x.fcm.googleapis.com/x":                                 {},
		"https://fcm.googleapis.com./x":                                  {},
		"httPs://fcm.googleapis.com/x":                                   {},
		"https://FCM.googleapis.com/x":                                   {},
		"https://push.services.mozilla.com/x":                            {},
		"https://evilpush.services.mozilla.com/x":                        {},
		"https://.push.apple.com/x":                                      {},
		"https://web.push.apple.com.evil.example/x":                      {},
		"https://evil.example/web.push.apple.com":                        {},
		"https://evil.example?.push.apple.com/":                          {},
		"https://web.push.apple.com@evil.example/x":                      {},
		"https://alice@web.push.apple.com/x":                             {},
		"https://alice:secret@web.push.apple.com/x":                      {},
		"https://web.push.apple.com":                                     {},
		"https://web.push.apple.com/x#y":                                 {},
		"https://web.push.apple.com/x#":                                  {},
		"https://evil.example\\.push.apple.com/x":                        {},
		"https://evil.example%2f.push.apple.com/x":                       {},
		"https://evil.example%00.push.apple.com/x":                       {},
		"https://web.push.apple.com/x\r\nHost: evil":                     {},
		" https://web.push.apple.com/x":                                  {},
		"https:web.push.apple.com/x":                                     {},
		"//web.push.apple.com/x":                                         {},
		"javascript:alert(1)":                                            {},
		"":                                                               {},
		"https://192.168.1.1/x":                                          {},
		"https://localhost/x":                                            {},
		"https://web.push.apple.com/" + strings.Repeat("x", maxEndpoint): {},
	} {
		s := installation(t)
		s.Endpoint = endpoint
		if err := (Hosts{}).Check(s); (err == nil) != want.browsers {
			t.Errorf("%q: got %v, want fine %v", endpoint, err, want.browsers)
		}
		if err := ours.Check(s); (err == nil) != want.ours {
			t.Errorf("%q with the operator's: got %v, want fine %v", endpoint, err, want.ours)
		} else if err != nil && !errors.Is(err, ErrBadSubscription) {
			t.Errorf("%q: got %v, want ErrBadSubscription", endpoint, err)
		}
	}
}

func TestAPushHostThatIsNoHostIsRefused(t *testing.T) {
	for _, entry := range []string{"", "*", "*.", "https://push.example.org", "push.example.org/", "Push.example.org", "a@b", "push.example.org:443", "a.*.b", "a b", ":80"} {
		if _, err := ParseHosts([]string{entry}); err == nil {
			t.Errorf("%q: got no error", entry)
		}
	}
}

func TestASubscriptionIsNotPrinted(t *testing.T) {
	s := installation(t)
	var log strings.Builder
	slog.New(slog.NewJSONHandler(&log, nil)).Info("x", "subscription", s)
	for _, text := range []string{fmt.Sprint(s), fmt.Sprintf("%+v %#v %s %q %x", s, s, s, s, s), fmt.Sprintf("%v", &s), log.String()} {
		if strings.Contains(text, "token") || strings.Contains(text, "746f6b656e") || !strings.Contains(text, "***") {
			t.Errorf("got %s", text)
		}
	}
}

func FuzzParseSubscription(f *testing.F) {
	s := installation(f)
	f.Add(s.encode())
	f.Add([]byte(keys(base64url(s.P256DH), base64url(s.Auth))))
	f.Add([]byte(`{"endpoint":"https://web.push.apple.com/x","keys":{}}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		s, err := ParseSubscription(text)
		if err != nil {
			return
		}
		if again, err := ParseSubscription(s.encode()); err != nil || !again.Same(s) {
			t.Errorf("%q: does not survive being stored: %v", text, err)
		}
		if _, err := encrypt(s, nil); err != nil {
			t.Errorf("%q: nothing can be encrypted for it: %v", text, err)
		}
	})
}

// FuzzHosts looks for an endpoint that passes and does not lead to a push service.
func FuzzHosts(f *testing.F) {
	for _, endpoint := range []string{
		"https://web.push.apple.com/x", "https://a@fcm.googleapis.com/", "https://fcm.googleapis.com\\@evil/", "https://evil#.push.apple.com/",
	} {
		f.Add(endpoint)
	}
	f.Fuzz(func(t *testing.T, endpoint string) {
		u, err := parseEndpoint(endpoint)
		if err != nil || (Hosts{}).check(u) != nil {
			return
		}
		authority, _, _ := strings.Cut(strings.TrimPrefix(endpoint, "https://"), "/")
		fine := authority == "fcm.googleapis.com" || authority == "jmt17.google.com"
		for _, below := range []string{".push.services.mozilla.com", ".push.apple.com", ".notify.windows.com"} {
			fine = fine || strings.HasSuffix(authority, below)
		}
		if !fine || strings.ContainsAny(authority, "@\\?#:% ") {
			t.Errorf("%q passes", endpoint)
		}
	})
}

func FuzzParseHosts(f *testing.F) {
	f.Add("*.example.org:8443")
	f.Fuzz(func(t *testing.T, entry string) {
		if h, err := ParseHosts([]string{entry}); err == nil && len(h.additions) != 1 {
			t.Errorf("%q: got %v", entry, h)
		}
	})
}
