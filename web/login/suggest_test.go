package login

import (
	"strings"
	"testing"
	"time"

	"github.com/nod-idp/nod/idp"
	"github.com/nod-idp/nod/mfa"
)

func TestAfterFifteenSecondsWithoutDeliveryThePageSuggestsAPasscode(t *testing.T) {
	asked := time.Unix(1_800_000_000, 0)
	for name, row := range map[string]struct {
		after    time.Duration
		progress mfa.Progress
		typed    bool
		want     bool
	}{
		"it is early":                     {14 * time.Second, mfa.Sent, true, false},
		"it is time":                      {15 * time.Second, mfa.Sent, true, true},
		"no push service took it":         {20 * time.Second, mfa.Missed, true, true},
		"it was delivered":                {20 * time.Second, mfa.Delivered, true, false},
		"it is on the phone's screen":     {20 * time.Second, mfa.Opened, true, false},
		"nothing makes a passcode anyway": {20 * time.Second, mfa.Sent, false, false},
	} {
		d := drawing{now: asked.Add(row.after), path: "/login/log_1", Standing: idp.Standing{
			Ways:      mfa.Ways{Typed: row.typed},
			Challenge: mfa.View{State: mfa.Pending, Progress: row.progress, AskedAt: asked, EndsAt: asked.Add(2 * time.Minute)},
		}}
		html := draw(t, newViews(t), d.waiting())
		_, rest, offered := strings.Cut(html, "data-suggest=")
		if offered != row.typed {
			t.Errorf("%s: got offered %v, want %v", name, offered, row.typed)
		}
		tag, _, _ := strings.Cut(rest, ">")
		if shown := offered && !strings.Contains(tag, "hidden"); shown != row.want {
			t.Errorf("%s: got suggested %v, want %v", name, shown, row.want)
		}
	}
}
