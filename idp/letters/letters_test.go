package letters_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/nod-idp/nod/devices"
	"github.com/nod-idp/nod/idp/letters"
	"github.com/nod-idp/nod/idp/user"
	"github.com/nod-idp/nod/internal/db"
	"github.com/nod-idp/nod/internal/db/dbtest"
	"github.com/nod-idp/nod/internal/instance"
	"github.com/nod-idp/nod/internal/mail"
	"github.com/nod-idp/nod/internal/mail/mailtest"
	"github.com/nod-idp/nod/internal/outbox"
	"github.com/nod-idp/nod/internal/seal"
)

var kinds = []devices.NoticeKind{
	devices.DeviceAdded, devices.DeviceRemoved, devices.PasswordChanged, devices.PasskeyAdded, devices.PasskeyRemoved,
	devices.TokenAdded, devices.TokenRemoved, devices.RecoveryCodeUsed, devices.RecoveryCodesMade, devices.SignInReported,
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// notice is a payload as NoticeTx writes it.
func notice(t *testing.T, u user.User, kind devices.NoticeKind) []byte {
	t.Helper()
	payload, err := json.Marshal(map[string]any{"user": u.ID, "kind": kind, "about": "Alice’s phone", "at": time.Unix(1_800_000_000, 0)})
	must(t, err)
	return payload
}

func TestEveryNoticeReachesWhoeverHasAVerifiedAddress(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		ctx := t.Context()
		post := mailtest.Start(t, mailtest.Options{})
		server, err := mail.ParseServer(post.URL())
		must(t, err)
		in, err := instance.Open(ctx, d, seal.NewKey(), time.Now())
		must(t, err)
		users := &user.Users{DB: d}
		l := &letters.Letters{
			Outbox: &outbox.Outbox{DB: d, Box: in.Box}, Users: users, Sender: &mail.Sender{Server: server, From: "id@example.org"},
			Organisation: "Northwind", PublicURL: "https://id.example",
		}
		alice, err := users.Add(ctx, user.New{Name: "alice", Claims: user.Claims{Email: "alice@example.org", EmailVerified: true}})
		must(t, err)
		for _, kind := range kinds {
			must(t, l.DeliverNotice(ctx, "out_1", notice(t, alice, kind)))
			if m := post.Next(); m.To != "alice@example.org" || !strings.Contains(m.Text, "https://id.example/account/activity") || !strings.Contains(m.Subject, "Northwind") {
				t.Errorf("%s: got %+v", kind, m)
			}
		}

		bob, err := users.Add(ctx, user.New{Name: "bob", Claims: user.Claims{Email: "bob@example.org"}})
		must(t, err)
		carol, err := users.Add(ctx, user.New{Name: "carol"})
		must(t, err)
		var dropped *outbox.DropError
		for _, u := range []user.User{bob, carol, {ID: "usr_gone"}} {
			if err := l.DeliverNotice(ctx, "out_1", notice(t, u, devices.DeviceAdded)); !errors.As(err, &dropped) {
				t.Errorf("%q: got %v, want nobody to tell", u.Name, err)
			}
		}
		var final *outbox.FinalError
		if err := l.DeliverNotice(ctx, "out_1", notice(t, alice, "unknown")); !errors.As(err, &final) {
			t.Errorf("an unknown kind: got %v", err)
		}
		post.Refuse("550 no such person")
		if err := l.DeliverNotice(ctx, "out_1", notice(t, alice, devices.DeviceAdded)); !errors.As(err, &final) {
			t.Errorf("a refusal for good: got %v", err)
		}
		post.Refuse("450 later")
		if err := l.DeliverNotice(ctx, "out_1", notice(t, alice, devices.DeviceAdded)); err == nil || errors.As(err, &final) {
			t.Errorf("a refusal for now: got %v", err)
		}
		l.Sender = nil
		if err := l.DeliverNotice(ctx, "out_1", notice(t, alice, devices.DeviceAdded)); !errors.As(err, &dropped) {
			t.Errorf("without a server: got %v", err)
		}
		post.None()
	})
}
