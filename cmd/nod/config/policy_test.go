package config_test

import (
	"net/netip"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/nod-idp/nod/mfa"
)

func TestThePolicyIsReadFromTheFile(t *testing.T) {
	c, err := load(t, nil, nil, `
enrol_at_first_login: true
match_digits: 6
policy:
  - name: office
    networks: [10.0.0.0/8, 192.0.2.7]
    clients: [mail, wiki]
    factor: "off"
  - groups: [admins]
    acr: [phr]
    methods: [push, passkey]
    match_digits: 6
    verified: true
    session: 8h
    remember: 30d
    next_device_after: 20s
    without_device: link
`)
	if err != nil {
		t.Fatal(err)
	}
	six, yes := 6, true
	want := mfa.Policy{MatchDigits: 6, WithoutDevice: mfa.WithoutDeviceEnrol, Rules: []mfa.Rule{
		{Name: "office", Networks: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("192.0.2.7/32")},
			Clients: []string{"mail", "wiki"}, Factor: mfa.Off},
		{Groups: []string{"admins"}, ACR: []string{"phr"}, Methods: []mfa.Method{mfa.MethodPush, mfa.MethodPasskey}, MatchDigits: &six,
			Verified: &yes, Session: 8 * time.Hour, Remember: 30 * 24 * time.Hour,
			NextDevice: 20 * time.Second, WithoutDevice: mfa.WithoutDeviceLink},
	}}
	if got := c.MFA(); !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

func TestEverythingWrongWithThePolicyIsTold(t *testing.T) {
	for what, row := range map[string]struct{ text, want string }{
		"an unknown factor":      {"- factor: maybe", `policy.factor: "maybe" is refused; allowed is off, push or push-number`},
		"an unknown method":      {"- methods: [sms]", `policy.methods: "sms" is refused`},
		"three digits":           {"- match_digits: 3", `policy.match_digits: "3" is refused; allowed is 0, 2 or 6`},
		"no network":             {"- networks: [home]", `policy.networks: "home" is refused`},
		"no duration":            {"- session: long", `policy.session: "long" is refused`},
		"turns of a second":      {"- next_device_after: 1s", `policy.next_device_after: "1s" is refused; allowed is a duration from 5s to 2m`},
		"remembered for a year":  {"- remember: 365d", `policy.remember: "365d" is refused`},
		"an unknown consequence": {"- without_device: shrug", `policy.without_device: "shrug" is refused`},
		"a misspelt condition":   {"- client: [mail]", "client"},
		"a word for a list":      {"- clients: mail", "rule at line"},
	} {
		_, err := load(t, nil, nil, "policy:\n  "+row.text+"\n")
		if err == nil || !strings.Contains(err.Error(), row.want) || !strings.Contains(err.Error(), "nod.yaml") {
			t.Errorf("%s: got %v, want %s", what, err, row.want)
		}
	}
	if _, err := load(t, nil, nil, "policy: strict\n"); err == nil || !strings.Contains(err.Error(), "a list of rules") {
		t.Errorf("no list: got %v", err)
	}
}
