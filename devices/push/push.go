// Package push wakes devices by standard Web Push: it owns the subscriptions of
// devices, the key that push services know this installation by, the encryption of a
// wake-up and the way to the push service. It owns the tables push_keys and
// push_subscriptions.
//
// A wake-up holds the id of the device and of the wake-up and nothing else; whoever is
// woken asks nod. When a device is woken, and whether again, is left to mfa.
//
// Words: a subscription is what the device's browser or distributor handed out: an
// endpoint, which is a secret URL at a push service, and the keys to encrypt for. An
// origin is the push service of an endpoint, as scheme, host and port. A subscription
// is gone once its push service says so, and its device is not woken until it brings
// a new one.
package push

import "time"

// Outcome is what became of one message.
type Outcome string

// The outcomes of Send. Only Throttled and Unreachable are worth another try.
const (
	Delivered  Outcome = "delivered"   // the push service has taken it
	Gone       Outcome = "gone"        // the subscription ended (404, 410)
	Throttled  Outcome = "throttled"   // the push service wants a pause (429, 503)
	KeyRefused Outcome = "key_refused" // it does not accept our key or token (401, 403)
	TooBig     Outcome = "too_big"     // it does not take a message of this size (413)
	Rejected   Outcome = "rejected"    // it does not take this message, or nothing was sent
	// Unreachable: no answer, one that promises a better one later (5xx), or too
	// many such answers lately.
	Unreachable Outcome = "unreachable"
	// Expired: the time of the message ran out before it was sent.
	Expired Outcome = "expired"
	// Unsubscribed: the device has no subscription.
	Unsubscribed Outcome = "unsubscribed"
)

// Result is what became of one message, and what to do about it.
type Result struct {
	Outcome Outcome
	// Until is when another try is welcome, zero if nothing was said about it.
	Until  time.Time
	Status int   // of the push service's answer, 0 if there was none
	Err    error // what went wrong, nil if delivered; holds no endpoint
}

// Again reports whether the same message may be delivered by another try.
func (r Result) Again() bool { return r.Outcome == Throttled || r.Outcome == Unreachable }
