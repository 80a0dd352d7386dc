package mfa

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
)

// trial is a decision on its way.
type trial struct {
	policy  Policy
	facts   Facts
	reasons []Reason
}

// named is a rule with the name that explanations call it by.
type named struct {
	Rule
	name string
}

// first returns the first rule that matches and decides a setting, nil if none does.
func (t *trial) first(decides func(Rule) bool) *named {
	for i, r := range t.policy.Rules {
		if decides(r) && r.matches(t.facts) {
			return &named{r, r.title(i)}
		}
	}
	return nil
}

func (t *trial) because(setting, value, by string) {
	t.reasons = append(t.reasons, Reason{Setting: setting, Value: value, By: by})
}

// terms decides the settings that have nothing to do with what is proved.
func (t *trial) terms() (d Terms) {
	if r := t.first(func(r Rule) bool { return r.Session > 0 }); r != nil {
		d.Session = r.Session
		t.because("session", r.Session.String(), r.name)
	}
	if r := t.first(func(r Rule) bool { return r.Remember > 0 }); r != nil {
		d.Remember = r.Remember
		t.because("remember", r.Remember.String(), r.name)
	}
	if r := t.first(func(r Rule) bool { return r.NextDevice > 0 }); r != nil {
		d.NextDevice = r.NextDevice
		t.because("next_device_after", r.NextDevice.String(), r.name)
	}
	by := "default"
	d.WithoutDevice = t.policy.WithoutDevice
	if d.WithoutDevice == "" {
		d.WithoutDevice = WithoutDeviceLink
	}
	if r := t.first(func(r Rule) bool { return r.WithoutDevice != "" }); r != nil {
		d.WithoutDevice, by = r.WithoutDevice, r.name
	}
	t.because("without_device", string(d.WithoutDevice), by)
	d.Reasons = t.reasons
	return d
}

func (r Rule) title(place int) string {
	if r.Name != "" {
		return "rule " + r.Name
	}
	return fmt.Sprintf("rule %d", place+1)
}

// matches reports whether a rule speaks of these facts. An address that is not known is
// in no network, and a person who is not known in no group.
func (r Rule) matches(f Facts) bool {
	within := func(networks []netip.Prefix) bool {
		return slices.ContainsFunc(networks, func(p netip.Prefix) bool { return p.Contains(f.IP.Unmap()) })
	}
	switch {
	case r.Clients != nil && !slices.Contains(r.Clients, f.Client),
		r.Users != nil && !overlap(r.Users, []string{f.User}),
		r.Groups != nil && !overlap(r.Groups, f.Groups),
		r.Networks != nil && !within(r.Networks),
		r.NotNetworks != nil && within(r.NotNetworks),
		r.ACR != nil && !overlap(r.ACR, f.ACR):
		return false
	}
	return true
}

// overlap compares names as people spell them.
func overlap(wanted, have []string) bool {
	return slices.ContainsFunc(wanted, func(w string) bool {
		return slices.ContainsFunc(have, func(h string) bool { return strings.EqualFold(w, h) })
	})
}
