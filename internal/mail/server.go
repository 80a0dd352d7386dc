package mail

import (
	"errors"
	"net"
	"net/url"
	"strconv"
	"strings"
)

// Server is an SMTP server and how it is spoken to.
type Server struct {
	Host     string
	Port     int
	User     string // "" signs in nowhere
	Security Security
}

// Security is how a conversation is kept from others.
type Security string

// The ways to keep it.
const (
	Encrypted Security = "tls"      // from the first byte on (RFC 8314, section 3.3)
	Upgraded  Security = "starttls" // demanded, never only asked for
	Plain     Security = "plain"    // to this machine alone
)

// ServerRule says how a server is named.
const ServerRule = "smtps://USER@HOST, smtp://USER@HOST:587, or smtp://localhost for a server on this machine"

var errServer = errors.New("the mail server is named as " + ServerRule)

// ParseServer reads the address of a server. The password is no part of it.
func ParseServer(address string) (Server, error) {
	u, err := url.Parse(address)
	if err != nil || u.Opaque != "" || u.Hostname() == "" || u.Path != "" && u.Path != "/" || strings.ContainsAny(address, "?#") ||
		strings.ContainsFunc(address, unprintable) || strings.HasSuffix(u.Host, ":") || strings.ContainsFunc(u.Hostname(), notInHost) {
		return Server{}, errServer
	}
	if _, has := u.User.Password(); has {
		return Server{}, errors.New("the password stands in a file of its own, smtp_password_file")
	}
	s := Server{Host: u.Hostname(), User: u.User.Username()}
	switch {
	case u.Scheme == "smtps":
		s.Security, s.Port = Encrypted, 465
	case u.Scheme == "smtp" && loopback(s.Host):
		s.Security, s.Port = Plain, 25
	case u.Scheme == "smtp":
		s.Security, s.Port = Upgraded, 587
	default:
		return Server{}, errServer
	}
	if strings.ContainsFunc(s.User, unprintable) {
		return Server{}, errServer
	}
	if port := u.Port(); port != "" {
		n, err := strconv.ParseUint(port, 10, 16)
		if err != nil || n == 0 || port != strconv.FormatUint(n, 10) {
			return Server{}, errServer
		}
		s.Port = int(n)
	}
	return s, nil
}

func loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

func notInHost(c rune) bool {
	return (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (c < '0' || c > '9') && !strings.ContainsRune("-.:", c)
}
