package e2e

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"log/slog"
	"math/big"
	"net"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/nod-idp/nod/cmd/nod/config"
	"github.com/nod-idp/nod/cmd/nod/server"
	"github.com/nod-idp/nod/devices"
	"github.com/nod-idp/nod/devices/simulator"
	"github.com/nod-idp/nod/idp/client"
)

func selfSigned(t *testing.T) (tls.Certificate, *x509.CertPool) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), DNSNames: []string{"localhost"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	parsed, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AddCert(parsed)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, pool
}

// secured starts a server with a certificate of its own making, and returns what trusts it.
func secured(t *testing.T) (s *server.Server, issuer string, pool *x509.CertPool) {
	t.Helper()
	pair, pool := selfSigned(t)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	issuer = fmt.Sprintf("https://localhost:%d", l.Addr().(*net.TCPAddr).Port)
	s, err = server.Open(t.Context(), server.Options{
		Place: config.Place{Data: t.TempDir()}, PublicURL: issuer, Log: slog.New(slog.DiscardHandler), TLS: server.ServeTLS(pair),
	})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- s.Run(ctx, l) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s, issuer, pool
}

func TestTLSIsModernAndCookiesAreBoundToTheHost(t *testing.T) {
	_, issuer, pool := secured(t)
	address := strings.TrimPrefix(issuer, "https://")
	old := &tls.Config{RootCAs: pool, ServerName: "localhost", MinVersion: tls.VersionTLS10, MaxVersion: tls.VersionTLS11}
	if c, err := tls.Dial("tcp", address, old); err == nil {
		_ = c.Close()
		t.Error("TLS 1.1 was accepted")
	}
	web := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool}, ForceAttemptHTTP2: true},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	res, err := web.Get(issuer + "/account/devices")
	if err != nil {
		t.Fatal(err)
	}
	_ = res.Body.Close()
	if res.ProtoMajor != 2 || res.TLS.Version < tls.VersionTLS12 {
		t.Errorf("got %s over %#x", res.Proto, res.TLS.Version)
	}
	if got := res.Header.Get("Strict-Transport-Security"); !strings.Contains(got, "max-age=31536000") {
		t.Errorf("got Strict-Transport-Security %q", got)
	}
	cookies := res.Cookies()
	if len(cookies) != 1 || !strings.HasPrefix(cookies[0].Name, "__Host-") || !cookies[0].Secure || !cookies[0].HttpOnly || cookies[0].SameSite != http.SameSiteLaxMode {
		t.Errorf("got cookies %v", cookies)
	}
}

// A browser without script signs in by https, whatever the application asks of it.
func TestFormsAloneSignInByHTTPS(t *testing.T) {
	s, issuer, pool := secured(t)
	trusting := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool}, ForceAttemptHTTP2: true}
	w := &world{t: t, s: s, issuer: issuer, log: &lockedBuffer{}}
	w.user = w.person(username)
	link, err := s.Devices.Link(t.Context(), devices.LinkRequest{UserID: w.user.ID, Valid: time.Hour, MadeBy: "cli:test"})
	if err != nil {
		t.Fatal(err)
	}
	phone, err := simulator.Enroll(t.Context(), link.URL, simulator.Options{Name: "Pixel", HTTPClient: &http.Client{Transport: trusting}})
	if err != nil {
		t.Fatal(err)
	}
	for _, factor := range []client.SecondFactor{client.FactorOff, client.FactorPush, client.FactorPushNumber} {
		_, _, err := s.Clients.Add(t.Context(), client.New{
			ID: "mail-" + string(factor), RedirectURIs: []string{callback}, SecondFactor: factor, PKCE: client.PKCEOptional,
		})
		if err != nil {
			t.Fatal(err)
		}
		b := w.browser()
		b.Client.Transport = trusting
		page, err := b.Get(t.Context(), issuer+"/authorize?"+url.Values{
			"client_id": {"mail-" + string(factor)}, "redirect_uri": {callback}, "response_type": {"code"}, "scope": {"openid"}, "state": {"s"},
		}.Encode())
		if err != nil {
			t.Fatal(err)
		}
		v := &visit{world: w, b: b, state: "s", page: page}
		first := "consent" // the application is not of the house
		if factor != client.FactorOff {
			first = "method"
		}
		v.press("login-submit", first, "username", username, "password", passphrase)
		if factor != client.FactorOff {
			number := v.ask()
			if (number == "") != (factor == client.FactorPush) {
				t.Errorf("%s: got the number %q", factor, number)
			}
			if _, err := phone.Approve(t.Context(), w.only(phone), number, ""); err != nil {
				t.Fatal(err)
			}
			v.reload("approved")
			v.press("passcode-submit", "consent")
		}
		v.press("consent-allow", "done")
		if v.code() == "" {
			t.Errorf("%s: no code", factor)
		}
	}
}
