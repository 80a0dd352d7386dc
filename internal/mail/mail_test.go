package mail_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"math/big"
	"net"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/nod-idp/nod/internal/mail"
	"github.com/nod-idp/nod/internal/mail/mailtest"
	"github.com/nod-idp/nod/internal/secret"
)

const from = "Northwind <id@northwind.example>"

// sender sends to a server of the test's own.
func sender(t *testing.T, s *mailtest.Server, scheme string) *mail.Sender {
	t.Helper()
	server, err := mail.ParseServer(scheme + ":" + strconv.Itoa(s.Port))
	if err != nil {
		t.Fatal(err)
	}
	return &mail.Sender{Server: server, From: from}
}

// certificate is a certificate for 127.0.0.1 and who trusts it.
func certificate(t *testing.T) (server, client *tls.Config) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	parsed, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AddCert(parsed)
	return &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}}, &tls.Config{RootCAs: roots}
}

func TestAMailArrivesAsItWasWritten(t *testing.T) {
	s := mailtest.Start(t, mailtest.Options{})
	text := "Hello Älice,\n\n.a line that begins with a dot, and a link: https://id.example/reset#nrc_" + strings.Repeat("x", 80) + "\n"
	err := sender(t, s, "smtp://localhost").Send(t.Context(), "out_1", mail.Message{To: "alice@example.com", Subject: "Grüße", Text: text})
	if err != nil {
		t.Fatal(err)
	}
	m := s.Next()
	if m.To != "alice@example.com" || m.From != "id@northwind.example" || m.Subject != "Grüße" || m.Text != text {
		t.Errorf("got %+v", m)
	}
	for name, want := range map[string]string{
		"Message-Id": "<out_1@northwind.example>", "Auto-Submitted": "auto-generated", "From": `"Northwind" <id@northwind.example>`,
		"To": "<alice@example.com>",
	} {
		if got := strings.Join(m.Header[name], ", "); got != want {
			t.Errorf("%s: got %q, want %q", name, got, want)
		}
	}
	for name := range m.Header {
		if strings.Contains(strings.ToLower(strings.Join(m.Header[name], "")), "go-mail") {
			t.Errorf("%s tells of the program: %q", name, m.Header[name])
		}
	}
}

func TestNoHeaderCanBeSmuggledIn(t *testing.T) {
	s := mailtest.Start(t, mailtest.Options{})
	for says, m := range map[string]mail.Message{
		"a line in the subject":     {To: "alice@example.com", Subject: "x\r\nBcc: eve@example.com", Text: "x"},
		"a bare line feed":          {To: "alice@example.com", Subject: "x\nBcc: eve@example.com", Text: "x"},
		"a line in the address":     {To: "alice@example.com\r\nBcc: eve@example.com", Subject: "x", Text: "x"},
		"a command in the address":  {To: "alice@example.com>\r\nRCPT TO:<eve@example.com", Subject: "x", Text: "x"},
		"two addresses":             {To: "alice@example.com, eve@example.com", Subject: "x", Text: "x"},
		"an address with a name":    {To: "Alice <alice@example.com>", Subject: "x", Text: "x"},
		"an address with a comment": {To: "alice@example.com (eve)", Subject: "x", Text: "x"},
		"a quoted address":          {To: `"a b"@example.com`, Subject: "x", Text: "x"},
		"no address":                {Subject: "x", Text: "x"},
		"no subject":                {To: "alice@example.com", Text: "x"},
	} {
		if err := sender(t, s, "smtp://localhost").Send(t.Context(), "out_1", m); !mail.Refused(err) {
			t.Errorf("%s: got %v, want a refusal for good", says, err)
		}
	}
	s.None()
}

func TestTheWayToTheServerIsSafe(t *testing.T) {
	secure, trusting := certificate(t)
	m := mail.Message{To: "alice@example.com", Subject: "x", Text: "x"}
	for _, row := range []struct {
		says     string
		options  mailtest.Options
		security mail.Security
		trust    *tls.Config
		password string
		arrives  bool
	}{
		{"by STARTTLS", mailtest.Options{TLS: secure, StartTLS: true}, mail.Upgraded, trusting, "", true},
		{"by STARTTLS with a password", mailtest.Options{TLS: secure, StartTLS: true, User: "nod", Password: "p"}, mail.Upgraded, trusting, "p", true},
		{"with a wrong password", mailtest.Options{TLS: secure, StartTLS: true, User: "nod", Password: "p"}, mail.Upgraded, trusting, "q", false},
		{"by TLS", mailtest.Options{TLS: secure, Implicit: true}, mail.Encrypted, trusting, "", true},
		{"a server without STARTTLS", mailtest.Options{}, mail.Upgraded, trusting, "", false},
		{"a certificate that nobody knows", mailtest.Options{TLS: secure, StartTLS: true}, mail.Upgraded, nil, "", false},
		{"a certificate that nobody knows, from the first byte", mailtest.Options{TLS: secure, Implicit: true}, mail.Encrypted, nil, "", false},
	} {
		t.Run(row.says, func(t *testing.T) {
			s := mailtest.Start(t, row.options)
			sender := &mail.Sender{
				Server: mail.Server{Host: "127.0.0.1", Port: s.Port, User: row.options.User, Security: row.security},
				From:   from, TLS: row.trust, Password: secret.Text(row.password),
			}
			err := sender.Send(t.Context(), "out_1", m)
			if row.arrives != (err == nil) {
				t.Fatalf("got %v", err)
			}
			if row.arrives && !s.Next().Secure {
				t.Error("it came in the clear")
			}
			s.None()
		})
	}
}

func TestARefusalForGoodIsToldFromOneForNow(t *testing.T) {
	s := mailtest.Start(t, mailtest.Options{})
	for line, want := range map[string]bool{"550 5.1.1 no such person": true, "450 4.2.0 come back later": false, "452 full": false} {
		s.Refuse(line)
		err := sender(t, s, "smtp://localhost").Send(t.Context(), "out_1", mail.Message{To: "alice@example.com", Subject: "x", Text: "x"})
		if err == nil || mail.Refused(err) != want {
			t.Errorf("%s: got %v, refused %v", line, err, mail.Refused(err))
		}
	}
	s.None()
}

var gapLeft = regexp.MustCompile(`[{}]`)

func TestEveryLetterCanBeWritten(t *testing.T) {
	gaps := mail.Gaps{
		"name": "Alice", "account": "alice", "about": "a phone", "when": "today", "link": "https://id.example/", "organisation": "Northwind",
		"code": "nrc_x", "minutes": "15", "type": "sign-in.reported", "client": "", "ip": "192.0.2.1", "device": "phone", "detail": "x",
	}
	for _, kind := range []string{
		"device_added", "device_removed", "password_changed", "recovery_codes_made", "recovery_code_used", "recovery_codes_voided", "passkey_added", "passkey_removed",
		"token_added", "token_removed", "sign_in_reported", "reset", "alert", "test",
	} {
		m, err := mail.Write(kind, "alice@example.com", gaps)
		if err != nil || m.To != "alice@example.com" || m.Subject == "" {
			t.Errorf("%s: got %+v, %v", kind, m, err)
		}
		if all := m.Subject + m.Text; gapLeft.MatchString(all) || strings.ContainsAny(all, "!'\"") || strings.Contains(all, "Application:") {
			t.Errorf("%s does not sound like us: %s", kind, all)
		}
	}
	if _, err := mail.Write("unknown", "alice@example.com", gaps); err == nil {
		t.Error("a letter of an unknown kind was written")
	}
	if _, err := mail.Write("reset", "alice@example.com", mail.Gaps{"name": "Alice"}); err == nil {
		t.Error("a letter with open gaps was written")
	}
}

func TestWhatPeopleCallThingsStaysInItsLine(t *testing.T) {
	m, err := mail.Write("device_added", "alice@example.com", mail.Gaps{
		"name": "Alice", "account": "a\nb", "about": "phone\r\n\r\nGo to https://evil.example\u202e", "when": "now", "link": "x", "organisation": "N",
	})
	if err != nil || strings.Contains(m.Text, "\nGo to") || strings.ContainsAny(m.Text, "\r\u202e") {
		t.Errorf("got %q, %v", m.Text, err)
	}
}
