package mailtest

import (
	"bufio"
	"crypto/tls"
	"encoding/base64"
	"io"
	"mime"
	"mime/quotedprintable"
	"net"
	"net/mail"
	"net/textproto"
	"strings"
)

// serve speaks SMTP (RFC 5321) on one connection, as far as a client of ours needs it.
func (s *Server) serve(conn net.Conn) {
	_, secure := conn.(*tls.Conn)
	text := textproto.NewConn(conn)
	say := func(line string) { _ = text.PrintfLine("%s", line) }
	say("220 mailtest")
	signedIn := s.options.User == ""
	var m Mail
	for {
		line, err := text.ReadLine()
		if err != nil {
			return
		}
		verb, rest, _ := strings.Cut(line, " ")
		switch strings.ToUpper(verb) {
		case "EHLO":
			for _, extension := range s.extensions(secure) {
				say("250-" + extension)
			}
			say("250 8BITMIME")
		case "STARTTLS":
			say("220 go ahead")
			upgraded := tls.Server(conn, s.options.TLS)
			text, secure = textproto.NewConn(upgraded), true
		case "AUTH":
			if rest != "PLAIN "+base64.StdEncoding.EncodeToString([]byte("\x00"+s.options.User+"\x00"+s.options.Password)) {
				say("535 no")
				continue
			}
			signedIn = true
			say("235 yes")
		case "MAIL":
			if !signedIn {
				say("530 sign in first")
				continue
			}
			m = Mail{From: inBrackets(rest), Secure: secure}
			say("250 ok")
		case "RCPT":
			if line := s.refusal(); line != "" {
				say(line)
				continue
			}
			m.To = inBrackets(rest)
			say("250 ok")
		case "DATA":
			say("354 go on")
			raw, err := io.ReadAll(text.DotReader())
			if err != nil {
				return
			}
			m.Raw = string(raw)
			s.keep(m)
			say("250 taken")
		case "QUIT":
			say("221 bye")
			return
		default:
			say("250 ok")
		}
	}
}

func (s *Server) extensions(secure bool) (list []string) {
	list = []string{"mailtest"}
	if s.options.StartTLS && !secure {
		list = append(list, "STARTTLS")
	}
	if s.options.User != "" {
		list = append(list, "AUTH PLAIN")
	}
	return list
}

func (s *Server) keep(m Mail) {
	read, err := mail.ReadMessage(bufio.NewReader(strings.NewReader(m.Raw)))
	if err != nil {
		s.t.Errorf("a mail cannot be read: %v", err)
		return
	}
	m.Header = read.Header
	if m.Subject, err = new(mime.WordDecoder).DecodeHeader(read.Header.Get("Subject")); err != nil {
		s.t.Errorf("the subject of a mail cannot be read: %v", err)
	}
	body := read.Body
	if read.Header.Get("Content-Transfer-Encoding") == "quoted-printable" {
		body = quotedprintable.NewReader(read.Body)
	}
	text, err := io.ReadAll(body)
	if err != nil {
		s.t.Errorf("the text of a mail cannot be read: %v", err)
	}
	m.Text = strings.ReplaceAll(string(text), "\r\n", "\n")
	s.mails <- m
}

func inBrackets(s string) string {
	_, s, _ = strings.Cut(s, "<")
	s, _, _ = strings.Cut(s, ">")
	return s
}
