package simulator

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/nod-idp/nod/devices/protocol"
)

// against returns a phone whose server answers everything with h.
func against(t *testing.T, h http.HandlerFunc) *Phone {
	t.Helper()
	server := httptest.NewServer(h)
	t.Cleanup(server.Close)
	p, _ := enrolledPhone(t, "dev_1", "")
	p.record.Server, p.signer.PublicURL = server.URL, server.URL
	return p
}

func TestWhatIsNoAnswerOfNodIsUnavailable(t *testing.T) {
	for what, h := range map[string]http.HandlerFunc{
		"a proxy's page": func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusBadGateway)
			_, _ = io.WriteString(w, "<html>Bad gateway</html>")
		},
		"another API": func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusBadRequest)
			_, _ = io.WriteString(w, `{"detail":"no"}`)
		},
		"nod's own mishap": func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusInternalServerError)
			_, _ = io.WriteString(w, `{"error":"server_error"}`)
		},
		"a redirect": func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path == "/elsewhere" {
				t.Error("a signed request was sent on to another address")
			}
			http.Redirect(w, r, "/elsewhere", http.StatusTemporaryRedirect)
		},
	} {
		if _, err := against(t, h).Requests(t.Context()); !errors.Is(err, protocol.ErrUnavailable) {
			t.Errorf("%s: got %v, want unavailable", what, err)
		}
	}
}

func TestAClockIsLearnedOnceForEachRequest(t *testing.T) {
	calls := 0
	p := against(t, func(w http.ResponseWriter, _ *http.Request) {
		calls++
		w.Header().Set("DPoP-Nonce", "AQAAAZmm4AAAAAAAAAAAAAAAAAAAAAAAAA")
		w.WriteHeader(http.StatusUnauthorized)
		_ = json.NewEncoder(w).Encode(protocol.Error{Code: protocol.ErrUseNonce})
	})
	if _, err := p.Requests(t.Context()); !errors.Is(err, protocol.ErrUseNonce) || calls != 2 {
		t.Errorf("got %v after %d calls, want use_dpop_nonce after 2", err, calls)
	}
}

func TestAPhoneLeavesAnEnrolmentThatSmells(t *testing.T) {
	good := func(p *Phone) protocol.EnrolBegun {
		secret := make([]byte, 32)
		return protocol.EnrolBegun{
			DeviceID: "dev_1", Verification: protocol.VerifyPlain, PushSecret: secret, TypedSecret: secret, Fingerprint: p.Fingerprint(),
		}
	}
	for what, spoil := range map[string]func(*protocol.EnrolBegun){
		"another fingerprint":          func(b *protocol.EnrolBegun) { b.Fingerprint = "0000-0000-0000-0000" },
		"no secrets":                   func(b *protocol.EnrolBegun) { b.PushSecret = nil },
		"a verification nobody wanted": func(b *protocol.EnrolBegun) { b.Verification = protocol.VerifyBiometric },
	} {
		p, _ := enrolledPhone(t, "dev_1", "")
		begun := good(p)
		if _, err := p.take(begun, protocol.VerifyPlain, ""); err != nil {
			t.Fatal(err)
		}
		spoil(&begun)
		if _, err := p.take(begun, protocol.VerifyPlain, ""); err == nil {
			t.Errorf("%s: the phone went on", what)
		}
	}
}

func TestARequestOfAnotherAccountIsNotApproved(t *testing.T) {
	p, _ := enrolledPhone(t, "dev_1", "")
	if _, err := p.ApproveRequest(t.Context(), protocol.Request{ID: "chl_1", Account: "usr_2"}, "", ""); err == nil {
		t.Error("it was approved")
	}
}

func TestEventsAreReadByTheirNames(t *testing.T) {
	stream := ": hello\n\nretry: 1000\n\nevent: requests\ndata: {}\n\ndata: nameless\n\nevent:reconnect\ndata: {}\n\n"
	events, heard := newEventReader(strings.NewReader(stream), func() {}), []string{}
	for {
		name, err := events.next()
		if err != nil {
			if !errors.Is(err, io.EOF) {
				t.Error(err)
			}
			break
		}
		heard = append(heard, name)
	}
	if got := strings.Join(heard, " "); got != "requests reconnect" {
		t.Errorf("got %q, want requests and reconnect", got)
	}
}

func TestTheServersTimeIsTakenOver(t *testing.T) {
	ahead := 45 * time.Second
	p := against(t, func(w http.ResponseWriter, _ *http.Request) {
		_ = json.NewEncoder(w).Encode(protocol.Requests{ServerTime: protocol.At(time.Now().Add(ahead))})
	})
	for _, row := range []struct{ ahead, want time.Duration }{{45 * time.Second, 45 * time.Second}, {46 * time.Second, 45 * time.Second}, {0, 0}} {
		ahead = row.ahead
		if _, err := p.Requests(t.Context()); err != nil {
			t.Fatal(err)
		}
		if got := p.Offset(); (got - row.want).Abs() > 500*time.Millisecond {
			t.Errorf("%s ahead: got the offset %s, want %s", row.ahead, got, row.want)
		}
	}
}
