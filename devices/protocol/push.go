package protocol

import (
	"encoding/json"
	"errors"
)

// PushSetting is the message of push: whether nod wakes this device.
type PushSetting struct {
	On *bool `json:"on"`
}

func (m *PushSetting) check() error {
	if m.On == nil {
		return errors.New("on is missing")
	}
	return nil
}

// PushState answers push and subscribe.
type PushState struct {
	PushOn bool    `json:"push_on"`
	Push   Channel `json:"push"`
}

// Subscribe is the message of subscribe: where the device is woken, or why it is not.
type Subscribe struct {
	// Subscription is PushSubscriptionJSON (W3C Push API, section 8), null if there is
	// none.
	Subscription json.RawMessage `json:"subscription"`
	// Blocked is why there is none, "" if there is one.
	Blocked Blocked `json:"blocked"`
}

// Blocked is why a device cannot be woken, as far as it knows itself.
type Blocked string

// The reasons.
const (
	BlockedNot         Blocked = ""
	BlockedDenied      Blocked = "denied"      // notifications are forbidden in the system's or browser's settings
	BlockedDefault     Blocked = "default"     // the person has not been asked yet
	BlockedUnsupported Blocked = "unsupported" // the browser knows no push
	BlockedUnreachable Blocked = "unreachable" // no push service answered
)

func (m *Subscribe) check() error {
	none := len(m.Subscription) == 0 || string(m.Subscription) == "null"
	if !none && m.Subscription[0] != '{' {
		return errors.New("subscription is not an object")
	}
	switch m.Blocked {
	case BlockedNot:
		if none {
			return errors.New("there is neither a subscription nor a reason for its lack")
		}
	case BlockedDenied, BlockedDefault, BlockedUnsupported, BlockedUnreachable:
		if !none {
			return errors.New("there is a subscription and a reason for its lack")
		}
	default:
		return errors.New("unknown reason")
	}
	return nil
}

// Channel is where waking a device stands.
type Channel struct {
	On          bool    `json:"on"`                  // the person's own switch
	Forbidden   bool    `json:"forbidden,omitempty"` // the administrator's: no request reaches this device
	Subscribed  bool    `json:"subscribed"`          // there is somewhere to send to
	Blocked     Blocked `json:"blocked"`
	DeliveredAt *Time   `json:"delivered_at,omitempty"` // when a push service last took a wake-up
	FailedAt    *Time   `json:"failed_at,omitempty"`    // when it last did not, absent if it has since
	Failure     string  `json:"failure,omitempty"`      // and why
	// SnoozedUntil is until when this device is not asked, since its person wants so;
	// absent if they do not.
	SnoozedUntil *Time `json:"snoozed_until,omitempty"`
}

// Snooze is the message of snooze: until when this device is not asked. null asks again
// from now on.
type Snooze struct {
	Until *Time `json:"until"`
}
