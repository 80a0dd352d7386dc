package mfa

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"
)

// SecondFactor is what a client demands besides the password.
type SecondFactor string

// The second factors a client can demand.
const (
	Off        SecondFactor = "off"         // the password is enough
	Push       SecondFactor = "push"        // an approval, no match number
	PushNumber SecondFactor = "push-number" // an approval with the match number typed
)

// WithoutDevice is what becomes of somebody who has no second factor and needs one.
type WithoutDevice string

// What can become of them.
const (
	WithoutDeviceLink  WithoutDevice = "link"  // they are told to ask for the administrator's link
	WithoutDeviceEnrol WithoutDevice = "enrol" // they add their first device with the password alone
	// WithoutDeviceRefuse turns them away: nothing they can do by themselves gets them in.
	WithoutDeviceRefuse WithoutDevice = "refuse"
)

// Policy is what the administrator decided. Decide applies it; it is pure, so that what
// it says of somebody can be explained before they come.
type Policy struct {
	// MatchDigits is the length of the match number: 2, or 6 under NIST SP 800-63B-4.
	MatchDigits int
	// RefuseSoftware keeps devices of kind "software" from proving anything.
	RefuseSoftware bool
	// WithoutDevice is for whom no rule says anything; "" means WithoutDeviceLink.
	WithoutDevice WithoutDevice
	// Rules are asked in their order. For each setting the first rule decides that
	// matches and says something about it.
	Rules []Rule
}

// Rule is one decision of the administrator: for whom, and what. What is left out of a
// rule matches everything, or decides nothing.
type Rule struct {
	Name string // for the explanation; "" means its place in the list

	Clients     []string       // ids
	Users       []string       // names
	Groups      []string       // names, one of which is enough
	Networks    []netip.Prefix // one of which holds the browser's address
	NotNetworks []netip.Prefix // none of which does
	ACR         []string       // one of which was requested

	Factor        SecondFactor
	Methods       []Method
	MatchDigits   *int // 0, 2 or 6
	Verified      *bool
	Session       time.Duration // longest single sign-on session that begins so
	Remember      time.Duration // how long the person may waive prompts on a browser
	NextDevice    time.Duration // how long one device is asked alone before the next is asked as well
	WithoutDevice WithoutDevice
}

// Facts are what a decision is made from.
type Facts struct {
	Client       string       // its id
	ClientFactor SecondFactor // what the client is registered with
	User         string       // the name, "" before the password
	Groups       []string
	IP           netip.Addr
	ACR          []string // as requested, in the order of preference
	HasPasskey   bool
}

// Terms are what the policy says of a login besides what it has to prove.
type Terms struct {
	Session       time.Duration // 0 means the installation's
	Remember      time.Duration // 0 means that prompts cannot be waived
	NextDevice    time.Duration // 0 means that all devices are asked at once
	WithoutDevice WithoutDevice
	Reasons       []Reason // what decided each setting
}

// Reason says what decided a setting.
type Reason struct {
	Setting string `json:"setting"`
	Value   string `json:"value"`
	By      string `json:"by"` // a rule's name, "client", "request" or "default"
}

// The authentication context classes that raise a demand (idp/evidence).
const (
	acrMFA = "urn:nod:acr:mfa"
	acrPHR = "phr"
)

// Decide says what one login has to prove, and why.
func (p Policy) Decide(f Facts) Demand {
	t := trial{policy: p, facts: f}
	factor, by := f.ClientFactor, "client"
	if r := t.first(func(r Rule) bool { return r.Factor != "" }); r != nil {
		factor, by = r.Factor, r.name
	}
	if factor == Off && slices.ContainsFunc(f.ACR, raises) {
		factor, by = PushNumber, "request"
	}
	t.because("factor", string(factor), by)
	d := p.Demand(factor)
	if r := t.first(func(r Rule) bool { return r.MatchDigits != nil }); r != nil && d.Factor {
		d.MatchDigits, by = *r.MatchDigits, r.name
	} else if by = "default"; factor == Push {
		by = "client"
	}
	if d.Factor {
		t.because("match_digits", fmt.Sprint(d.MatchDigits), by)
	}
	if r := t.first(func(r Rule) bool { return len(r.Methods) > 0 }); r != nil {
		d.Methods = r.Methods
		t.because("methods", join(r.Methods), r.name)
	}
	if r := t.first(func(r Rule) bool { return r.Verified != nil }); r != nil {
		d.Verified = *r.Verified
		t.because("verified", fmt.Sprint(*r.Verified), r.name)
	}
	if wantsPasskey(f) {
		d.PhishingResistant = true
		t.because("phishing_resistant", "true", "request")
	}
	d.Terms = t.terms()
	return d
}

// AsksWho reports whether any rule wants to know the person or their groups.
func (p Policy) AsksWho() bool {
	return slices.ContainsFunc(p.Rules, func(r Rule) bool { return r.Users != nil || r.Groups != nil })
}

// raises reports whether a requested class is more than the password.
func raises(acr string) bool { return acr == acrMFA || acr == acrPHR }

// wantsPasskey reports whether the first class that this person can meet is the one that
// only a passkey has. A class that nobody can meet is no reason to send people away
// (OpenID Connect Core 1.0, section 5.5.1.1): the token tells what was really proved.
func wantsPasskey(f Facts) bool {
	for _, acr := range f.ACR {
		switch {
		case acr == acrPHR && f.HasPasskey:
			return true
		case acr == acrMFA:
			return false
		}
	}
	return false
}

// Demand applies the policy to a client's setting alone. A setting that is not known
// demands the most.
func (p Policy) Demand(f SecondFactor) Demand {
	digits := p.MatchDigits
	if digits == 0 {
		digits = 2
	}
	switch f {
	case Off:
		return Demand{RefuseSoftware: p.RefuseSoftware}
	case Push:
		digits = 0
	}
	return Demand{Factor: true, MatchDigits: digits, RefuseSoftware: p.RefuseSoftware}
}

func join(methods []Method) string {
	words := make([]string, len(methods))
	for i, m := range methods {
		words[i] = string(m)
	}
	return strings.Join(words, ", ")
}
