package config_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// kept is a file with a secret.
func kept(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

const hookSecret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"

func TestMailAndWebhooksAreSetUp(t *testing.T) {
	c, err := load(t, []string{
		"--smtp-url=smtp://nod@mail.example", "--smtp-password-file", kept(t, "geheim\n"), "--mail-from=Example <id@example.org>",
		"--alert-mail=a@example.org", "--alert-mail=b@example.org", "--webhook-url=https://siem.example/geheim-1,https://two.example/geheim-2",
		"--webhook-secret-file", kept(t, hookSecret),
	}, nil, "")
	if err != nil {
		t.Fatal(err)
	}
	s, err := c.Sender()
	if err != nil || s.Password.Reveal() != "geheim" || s.Server.Host != "mail.example" || s.Server.Port != 587 || s.From != "Example <id@example.org>" {
		t.Errorf("got %+v, %v", s, err)
	}
	if secret, err := c.WebhookSecret(); err != nil || len(secret) != 24 {
		t.Errorf("got a secret of %d bytes, %v", len(secret), err)
	}
	if !slices.Equal(c.AlertMail, []string{"a@example.org", "b@example.org"}) || len(c.WebhookURLs) != 2 {
		t.Errorf("got %v and %v", c.AlertMail, c.WebhookURLs)
	}
	for _, r := range c.Rows() {
		if strings.Contains(r.Value, "geheim") {
			t.Errorf("%s shows a secret: %s", r.Name, r.Value)
		}
	}
}

func TestWithoutSettingsNothingIsSent(t *testing.T) {
	c, err := load(t, nil, nil, "")
	if err != nil {
		t.Fatal(err)
	}
	s, sErr := c.Sender()
	secret, wErr := c.WebhookSecret()
	if s != nil || secret != nil || sErr != nil || wErr != nil {
		t.Errorf("got %v, %v, %v, %v", s, secret, sErr, wErr)
	}
}

func TestMailAndWebhooksThatCannotBeAreRefused(t *testing.T) {
	from := "--mail-from=id@example.org"
	for _, row := range []struct {
		says string
		args []string
		want string
	}{
		{"a password in the address", []string{"--smtp-url=smtp://nod:geheim@mail.example", from}, "smtp_url"},
		{"another scheme", []string{"--smtp-url=https://mail.example", from}, "smtp_url"},
		{"no sender", []string{"--smtp-url=smtp://localhost"}, "mail_from"},
		{"a sender of two lines", []string{"--smtp-url=smtp://localhost", "--mail-from=a@example.org\nBcc: b@example.org"}, "mail_from"},
		{"a sender without a server", []string{from}, "smtp_url"},
		{"alerts without a server", []string{"--alert-mail=a@example.org"}, "smtp_url"},
		{"an alert to nowhere", []string{"--smtp-url=smtp://localhost", from, "--alert-mail=nobody"}, "alert_mail"},
		{"a user without a password", []string{"--smtp-url=smtp://nod@mail.example", from}, "smtp_password_file"},
		{"a password without a user", []string{"--smtp-url=smtp://mail.example", from, "--smtp-password-file", kept(t, "geheim")}, "smtp_password_file"},
		{"an empty password", []string{"--smtp-url=smtp://nod@mail.example", from, "--smtp-password-file", kept(t, "")}, "does not hold one line"},
		{"a password file that is not there", []string{"--smtp-url=smtp://nod@mail.example", from, "--smtp-password-file=missing"}, "no such file"},
		{"a webhook in the clear", []string{"--webhook-url=http://siem.example/geheim", "--webhook-secret-file", kept(t, hookSecret)}, "http://siem.example/***"},
		{"a webhook without a secret", []string{"--webhook-url=https://siem.example/geheim"}, "both webhook_url and webhook_secret_file"},
		{"a secret without a webhook", []string{"--webhook-secret-file", kept(t, hookSecret)}, "both webhook_url and webhook_secret_file"},
		{"a secret that is short", []string{"--webhook-url=https://siem.example/", "--webhook-secret-file", kept(t, "whsec_geheim==")}, "24 to 64 random bytes"},
	} {
		t.Run(row.says, func(t *testing.T) {
			_, err := load(t, row.args, nil, "")
			if err == nil || !strings.Contains(err.Error(), row.want) || strings.Contains(err.Error(), "geheim") {
				t.Errorf("got %v, want %s", err, row.want)
			}
		})
	}
}
