package portal

import (
	"context"

	"github.com/nod-idp/nod/devices"
	"github.com/nod-idp/nod/devices/protocol"
	"github.com/nod-idp/nod/devices/push"
)

// Push is the truth about waking a device.
type Push struct {
	Badge     string // in two words
	Tone      string // "good", "warning" or "quiet"
	Meaning   string // what it means, and what to do about it
	Delivered Moment // when it was last woken
	Failed    Moment // when that last failed, if it has since
}

// pushOf says where waking a device stands, the reason first that has to be put right
// first.
func (s *Surface) pushOf(ctx context.Context, d devices.Device) (Push, error) {
	var c push.Channel
	if subs := s.Logins.Devices.Subscriptions; subs != nil {
		var err error
		if c, err = subs.State(ctx, d.ID); err != nil {
			return Push{}, err
		}
	}
	p := s.pushWords(d, c)
	p.Delivered, p.Failed = s.ago(c.DeliveredAt), s.ago(c.FailedAt)
	return p, nil
}

func (s *Surface) pushWords(d devices.Device, c push.Channel) Push {
	switch {
	case d.State == devices.Suspended && d.Reason == "pin":
		return Push{Badge: s.site.Text("account.push.suspended"), Tone: warning, Meaning: s.site.Text("account.push.suspended.pin")}
	case d.State == devices.Suspended:
		return Push{Badge: s.site.Text("account.push.suspended"), Tone: warning, Meaning: s.site.Text("account.push.suspended.meaning")}
	case d.PushForbidden:
		return Push{Badge: s.site.Text("account.push.forbidden"), Tone: calm, Meaning: s.site.Text("account.push.forbidden.meaning")}
	case d.Snoozed(s.now()):
		return Push{Badge: s.site.Text("report.snoozed"), Tone: warning,
			Meaning: s.site.Text("report.snoozed.meaning", s.site.Words(d.SnoozedUntil.Sub(s.now())))}
	case !d.PushOn:
		return Push{Badge: s.site.Text("account.push.off"), Tone: warning, Meaning: s.site.Text("account.push.off.meaning")}
	case c.Blocked == string(protocol.BlockedDenied):
		return Push{Badge: s.site.Text("account.push.blocked"), Tone: warning, Meaning: s.site.Text("account.push.blocked.meaning")}
	case c.Blocked == string(protocol.BlockedDefault):
		return Push{Badge: s.site.Text("account.push.unasked"), Tone: warning, Meaning: s.site.Text("account.push.unasked.meaning")}
	case c.Blocked == string(protocol.BlockedUnreachable):
		return Push{Badge: s.site.Text("account.push.none"), Tone: warning, Meaning: s.site.Text("account.push.unreachable.meaning")}
	case c.Subscribed && c.Failure != "":
		return Push{Badge: s.site.Text("account.push.failing"), Tone: warning, Meaning: s.site.Text("account.push.failing.meaning")}
	case c.Subscribed:
		return Push{Badge: s.site.Text("account.push.on"), Tone: good, Meaning: s.site.Text("account.push.on.meaning")}
	case c.Gone:
		return Push{Badge: s.site.Text("account.push.ended"), Tone: warning, Meaning: s.site.Text("account.push.ended.meaning")}
	}
	return Push{Badge: s.site.Text("account.push.none"), Tone: calm, Meaning: s.site.Text("account.push.none.meaning")}
}
