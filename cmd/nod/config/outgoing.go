package config

import (
	"errors"
	"fmt"
	"net/url"
	"os"
	"strings"

	"github.com/nod-idp/nod/internal/mail"
	"github.com/nod-idp/nod/internal/secret"
	"github.com/nod-idp/nod/internal/webhook"
)

// Outgoing is what nod sends by itself, and to whom: mails and webhooks.
type Outgoing struct {
	SMTPURL           string
	SMTPPasswordFile  string
	MailFrom          string
	AlertMail         []string
	WebhookURLs       []string
	WebhookSecretFile string
}

// settings lists them, each bound to its field of o.
func (o *Outgoing) settings() []setting {
	return []setting{
		{"smtp_url", text(&o.SMTPURL, "url", mail.ServerRule+"; the password stands in smtp_password_file", mailServer), "", "mail server: smtps://USER@HOST, smtp://USER@HOST:587 with STARTTLS, or smtp://localhost"},
		{"smtp_password_file", file(&o.SMTPPasswordFile), "", "file with the password of the user in smtp_url, in one line"},
		{"mail_from", text(&o.MailFrom, "address", "a mail address, such as id@example.org or \"Example <id@example.org>\"", sender), "", "address that mails come from"},
		{"alert_mail", list(&o.AlertMail, "addresses", "mail addresses, separated by commas", recipients), "", "administrators who are told of security events by mail"},
		{"webhook_url", webhooks(&o.WebhookURLs), "", "addresses that security events are posted to"},
		{"webhook_secret_file", file(&o.WebhookSecretFile), "", "file with the secret that webhooks are signed with: " + webhook.SecretRule},
	}
}

func mailServer(s string) bool {
	_, err := mail.ParseServer(s)
	return err == nil
}

func sender(s string) bool {
	_, err := mail.ParseFrom(s)
	return err == nil
}

func recipients(all []string) bool {
	for _, a := range all {
		if mail.CheckAddress(a) != nil {
			return false
		}
	}
	return true
}

// webhooks keeps everything but the hosts out of what is shown: paths of webhooks are
// often secrets.
func webhooks(to *[]string) value {
	v := list(to, "urls", "https URLs without user and fragment; http only on this machine", func(all []string) bool {
		for _, a := range all {
			if webhook.CheckURL(a) != nil {
				return false
			}
		}
		return true
	})
	v.show = func() string { return hostsOf(*to) }
	return v
}

func hostsOf(addresses []string) string {
	var hosts []string
	for _, a := range addresses {
		u, err := url.Parse(a)
		if err != nil || u.Host == "" {
			hosts = append(hosts, "***")
			continue
		}
		hosts = append(hosts, u.Scheme+"://"+u.Host+"/***")
	}
	return strings.Join(hosts, ",")
}

// masked is what may be shown of a value that was refused.
func masked(name, text string) string {
	switch name {
	case "database", "smtp_url":
		return Masked(text)
	case "webhook_url":
		return hostsOf(strings.Split(text, ","))
	}
	return text
}

// check reports settings that need one another.
func (o *Outgoing) check(refuse func(name, value, allowed string)) {
	switch {
	case o.SMTPURL == "" && o.MailFrom+o.SMTPPasswordFile+strings.Join(o.AlertMail, "") != "":
		refuse("smtp_url", "", "a mail server, since mails are to be sent")
	case o.SMTPURL != "" && o.MailFrom == "":
		refuse("mail_from", "", "a mail address, since smtp_url is set")
	}
	if (len(o.WebhookURLs) == 0) != (o.WebhookSecretFile == "") {
		refuse("webhook_secret_file", o.WebhookSecretFile, "both webhook_url and webhook_secret_file, or neither")
		return
	}
	if _, err := o.Sender(); err != nil {
		refuse("smtp_password_file", o.SMTPPasswordFile, "a file with the password, if and only if smtp_url names a user ("+err.Error()+")")
	}
	if _, err := o.WebhookSecret(); err != nil {
		refuse("webhook_secret_file", o.WebhookSecretFile, "a file with a secret ("+err.Error()+")")
	}
}

// Sender is who sends mails, nil if no mail server is set up.
func (o *Outgoing) Sender() (*mail.Sender, error) {
	if o.SMTPURL == "" {
		return nil, nil
	}
	server, err := mail.ParseServer(o.SMTPURL)
	if err != nil {
		return nil, err
	}
	s := &mail.Sender{Server: server, From: o.MailFrom}
	if (server.User == "") != (o.SMTPPasswordFile == "") {
		return nil, errors.New("user and password go together")
	}
	if server.User != "" {
		if s.Password, err = secretLine(o.SMTPPasswordFile); err != nil {
			return nil, err
		}
	}
	return s, nil
}

// WebhookSecret is what webhooks are signed with, nil if there are none.
func (o *Outgoing) WebhookSecret() (webhook.Secret, error) {
	if o.WebhookSecretFile == "" {
		return nil, nil
	}
	text, err := secretLine(o.WebhookSecretFile)
	if err != nil {
		return nil, err
	}
	return webhook.ParseSecret(text.Reveal())
}

// secretLine reads a file of one line. The error does not repeat what is in it.
func secretLine(path string) (secret.Text, error) {
	content, err := os.ReadFile(path)
	if err != nil {
		return "", err
	}
	line := strings.TrimRight(string(content), "\r\n")
	if line == "" || strings.ContainsAny(line, "\r\n") {
		return "", fmt.Errorf("%s does not hold one line", path)
	}
	return secret.Text(line), nil
}
