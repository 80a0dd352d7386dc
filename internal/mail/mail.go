// Package mail sends plain letters by SMTP. It owns how a server is named, how a letter
// is put into the shape of a mail, and the words of the letters that nod writes. When
// and to whom something is written, and that it is tried again, is left to others.
//
// Words: a letter is a text of the catalogue with its gaps filled in.
package mail

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net/mail"
	"strings"
	"time"
	"unicode"

	gomail "github.com/wneessen/go-mail"

	"github.com/nod-idp/nod/internal/secret"
)

// Message is one mail to one person.
type Message struct {
	To      string // the address alone
	Subject string // one line
	Text    string
}

// Sender sends mails through one server.
type Sender struct {
	Server   Server
	Password secret.Text
	From     string      // an address, with a name before it or without
	TLS      *tls.Config // whom to trust; nil means the system's authorities
	Now      func() time.Time
}

// ErrBadMessage is returned for a mail that must not be sent as it is; to try again is in
// vain.
var ErrBadMessage = errors.New("this cannot be sent as a mail")

// sendWithin bounds each step of a conversation with the server.
const sendWithin = 20 * time.Second

// Send hands a mail to the server. id becomes its Message-ID, so that a repetition can
// be told from a second mail.
func (s *Sender) Send(ctx context.Context, id string, m Message) error {
	letter, err := s.compose(id, m)
	if err != nil {
		return err
	}
	client, err := s.client()
	if err != nil {
		return fmt.Errorf("send a mail: %w", err)
	}
	if err := client.DialAndSendWithContext(ctx, letter); err != nil {
		return fmt.Errorf("send a mail by %s: %w", s.Server.Host, err)
	}
	return nil
}

// Refused reports whether the server will not take this mail later either.
func Refused(err error) bool {
	var failed *gomail.SendError
	return errors.Is(err, ErrBadMessage) || errors.As(err, &failed) && failed.ErrorCode() >= 500 && !failed.IsTemp()
}

// compose refuses everything that could begin a header of its own.
func (s *Sender) compose(id string, m Message) (*gomail.Msg, error) {
	from, err := ParseFrom(s.From)
	if err != nil {
		return nil, fmt.Errorf("%w: the sender: %w", ErrBadMessage, err)
	}
	if err := CheckAddress(m.To); err != nil {
		return nil, fmt.Errorf("%w: the recipient: %w", ErrBadMessage, err)
	}
	if m.Subject == "" || strings.ContainsFunc(m.Subject, unicode.IsControl) {
		return nil, fmt.Errorf("%w: the subject is not one line", ErrBadMessage)
	}
	letter := gomail.NewMsg(gomail.WithEncoding(gomail.EncodingQP), gomail.WithNoDefaultUserAgent())
	letter.FromMailAddress(from)
	letter.ToMailAddress(&mail.Address{Address: m.To})
	letter.Subject(m.Subject)
	letter.SetDateWithValue(s.now())
	_, host, _ := strings.Cut(from.Address, "@")
	letter.SetMessageIDWithValue(id + "@" + host)
	// RFC 3834, section 5: nobody who is away answers it.
	letter.SetGenHeader("Auto-Submitted", "auto-generated")
	letter.SetBodyString(gomail.TypeTextPlain, m.Text)
	return letter, nil
}

func (s *Sender) client() (*gomail.Client, error) {
	options := []gomail.Option{
		gomail.WithPort(s.Server.Port), gomail.WithTimeout(sendWithin), gomail.WithoutNoop(), gomail.WithHELO(helo(s.From)),
		gomail.WithTLSConfig(s.tls()),
	}
	auth := gomail.SMTPAuthAutoDiscover
	switch s.Server.Security {
	case Encrypted:
		options = append(options, gomail.WithSSL())
	case Upgraded:
		options = append(options, gomail.WithTLSPolicy(gomail.TLSMandatory))
	case Plain:
		options = append(options, gomail.WithTLSPolicy(gomail.NoTLS))
		auth = gomail.SMTPAuthPlainNoEnc // to this machine alone
	}
	if s.Server.User != "" {
		options = append(options, gomail.WithSMTPAuth(auth), gomail.WithUsername(s.Server.User), gomail.WithPassword(s.Password.Reveal()))
	}
	return gomail.NewClient(s.Server.Host, options...)
}

func (s *Sender) tls() *tls.Config {
	config := &tls.Config{}
	if s.TLS != nil {
		config = s.TLS.Clone()
	}
	config.ServerName, config.MinVersion = s.Server.Host, tls.VersionTLS12
	return config
}

func (s *Sender) now() time.Time {
	if s.Now == nil {
		return time.Now()
	}
	return s.Now()
}

// helo is how nod introduces itself: by the domain that it writes for, since the name
// of the machine is nobody's business.
func helo(from string) string {
	parsed, err := ParseFrom(from)
	if err != nil {
		return "localhost"
	}
	_, host, _ := strings.Cut(parsed.Address, "@")
	return host
}
