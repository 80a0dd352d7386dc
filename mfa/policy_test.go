package mfa

import (
	"net/netip"
	"reflect"
	"testing"
	"time"
)

func prefixes(texts ...string) (all []netip.Prefix) {
	for _, t := range texts {
		all = append(all, netip.MustParsePrefix(t))
	}
	return all
}

func TestDecide(t *testing.T) {
	inside, outside := netip.MustParseAddr("10.1.2.3"), netip.MustParseAddr("203.0.113.9")
	six, none := 6, 0
	yes := true
	office := Rule{Name: "office", Networks: prefixes("10.0.0.0/8"), Factor: Off}
	admins := Rule{Name: "admins", Groups: []string{"Admins"}, Factor: PushNumber, MatchDigits: &six, Verified: &yes, Session: time.Hour,
		Methods: []Method{MethodPush, MethodPasskey}}
	kiosk := Rule{Name: "kiosk", Clients: []string{"kiosk"}, MatchDigits: &none}
	for name, row := range map[string]struct {
		policy Policy
		facts  Facts
		want   Demand
		by     map[string]string // setting → what decided it
	}{
		"no rules: as the client is registered": {
			Policy{}, Facts{Client: "mail", ClientFactor: PushNumber},
			Demand{Factor: true, MatchDigits: 2}, map[string]string{"factor": "client", "match_digits": "default"},
		},
		"no rules: a client without number": {
			Policy{}, Facts{ClientFactor: Push},
			Demand{Factor: true}, map[string]string{"factor": "client", "match_digits": "client"},
		},
		"an unknown setting demands the most": {
			Policy{}, Facts{ClientFactor: "what"}, Demand{Factor: true, MatchDigits: 2}, nil,
		},
		"six digits for everybody": {
			Policy{MatchDigits: 6}, Facts{ClientFactor: PushNumber}, Demand{Factor: true, MatchDigits: 6}, nil,
		},
		"in the office the password is enough": {
			Policy{Rules: []Rule{office}}, Facts{ClientFactor: PushNumber, IP: inside},
			Demand{}, map[string]string{"factor": "rule office"},
		},
		"an IPv4 address in IPv6 clothes is in the office too": {
			Policy{Rules: []Rule{office}}, Facts{ClientFactor: PushNumber, IP: netip.MustParseAddr("::ffff:10.1.2.3")}, Demand{}, nil,
		},
		"outside it is not": {
			Policy{Rules: []Rule{office}}, Facts{ClientFactor: PushNumber, IP: outside}, Demand{Factor: true, MatchDigits: 2}, nil,
		},
		"an address that is not known is not in the office": {
			Policy{Rules: []Rule{office}}, Facts{ClientFactor: PushNumber}, Demand{Factor: true, MatchDigits: 2}, nil,
		},
		"what is outside of a network": {
			Policy{Rules: []Rule{{NotNetworks: prefixes("10.0.0.0/8"), MatchDigits: &six}}}, Facts{ClientFactor: PushNumber, IP: outside},
			Demand{Factor: true, MatchDigits: 6}, map[string]string{"match_digits": "rule 1"},
		},
		"the first rule that says something decides": {
			Policy{Rules: []Rule{admins, office}}, Facts{ClientFactor: Off, IP: inside, Groups: []string{"admins"}},
			Demand{Factor: true, MatchDigits: 6, Verified: true, Methods: []Method{MethodPush, MethodPasskey}},
			map[string]string{"factor": "rule admins", "verified": "rule admins", "methods": "rule admins", "session": "rule admins"},
		},
		"a rule that says nothing about a setting leaves it to the next": {
			Policy{Rules: []Rule{kiosk, office}}, Facts{Client: "kiosk", ClientFactor: PushNumber, IP: outside},
			Demand{Factor: true}, map[string]string{"factor": "client", "match_digits": "rule kiosk"},
		},
		"a class that is requested raises what a rule lowered": {
			Policy{Rules: []Rule{office}}, Facts{ClientFactor: PushNumber, IP: inside, ACR: []string{acrMFA}},
			Demand{Factor: true, MatchDigits: 2}, map[string]string{"factor": "request"},
		},
		"phr is demanded of whoever has a passkey": {
			Policy{}, Facts{ClientFactor: Off, ACR: []string{acrPHR}, HasPasskey: true},
			Demand{Factor: true, MatchDigits: 2, PhishingResistant: true}, map[string]string{"phishing_resistant": "request"},
		},
		"and of nobody else": {
			Policy{}, Facts{ClientFactor: Off, ACR: []string{acrPHR}}, Demand{Factor: true, MatchDigits: 2}, nil,
		},
		"a class that is preferred goes first": {
			Policy{}, Facts{ClientFactor: Off, ACR: []string{acrMFA, acrPHR}, HasPasskey: true}, Demand{Factor: true, MatchDigits: 2}, nil,
		},
		"an unknown class demands nothing": {
			Policy{}, Facts{ClientFactor: Off, ACR: []string{"gold"}}, Demand{}, nil,
		},
		"a rule for a requested class": {
			Policy{Rules: []Rule{{ACR: []string{"gold"}, Factor: PushNumber}}}, Facts{ClientFactor: Off, ACR: []string{"gold"}},
			Demand{Factor: true, MatchDigits: 2}, map[string]string{"factor": "rule 1"},
		},
		"a rule for one person": {
			Policy{Rules: []Rule{{Users: []string{"Alice"}, Methods: []Method{MethodPasscode}}}}, Facts{ClientFactor: PushNumber, User: "alice"},
			Demand{Factor: true, MatchDigits: 2, Methods: []Method{MethodPasscode}}, nil,
		},
		"software is refused everywhere": {
			Policy{RefuseSoftware: true}, Facts{ClientFactor: Off}, Demand{RefuseSoftware: true}, nil,
		},
	} {
		t.Run(name, func(t *testing.T) {
			got := row.policy.Decide(row.facts)
			proof := got
			proof.Terms = Terms{}
			if !reflect.DeepEqual(proof, row.want) {
				t.Errorf("got %+v, want %+v", proof, row.want)
			}
			for setting, by := range row.by {
				if r := reason(got, setting); r.By != by {
					t.Errorf("%s was decided by %q, want %q", setting, r.By, by)
				}
			}
		})
	}
}

func reason(d Demand, setting string) Reason {
	for _, r := range d.Terms.Reasons {
		if r.Setting == setting {
			return r
		}
	}
	return Reason{}
}

func TestWhatHasNothingToDoWithProof(t *testing.T) {
	p := Policy{Rules: []Rule{
		{Clients: []string{"mail"}, Remember: 30 * 24 * time.Hour, NextDevice: 15 * time.Second},
		{Groups: []string{"staff"}, WithoutDevice: WithoutDeviceEnrol, Session: 8 * time.Hour},
	}}
	terms := func(f Facts) Terms { return p.Decide(f).Terms }
	d := terms(Facts{Client: "mail", ClientFactor: PushNumber, Groups: []string{"staff"}})
	if d.Remember != 30*24*time.Hour || d.NextDevice != 15*time.Second || d.Session != 8*time.Hour || d.WithoutDevice != WithoutDeviceEnrol {
		t.Errorf("got %+v", d)
	}
	wiki := Facts{Client: "wiki", ClientFactor: PushNumber}
	d = terms(wiki)
	if d.Remember != 0 || d.NextDevice != 0 || d.Session != 0 || d.WithoutDevice != WithoutDeviceLink || reason(p.Decide(wiki), "without_device").By != "default" {
		t.Errorf("for somebody else: got %+v", d)
	}
}

func TestMethodsThatAreAllowed(t *testing.T) {
	for name, row := range map[string]struct {
		demand Demand
		want   []Method
	}{
		"all":                       {Demand{}, Methods()},
		"some":                      {Demand{Methods: []Method{MethodPasscode}}, []Method{MethodPasscode}},
		"verified":                  {Demand{Verified: true}, []Method{MethodPush, MethodPasskey}},
		"phishing-resistant":        {Demand{PhishingResistant: true}, []Method{MethodPasskey}},
		"both at once leave none":   {Demand{PhishingResistant: true, Methods: []Method{MethodPush}}, nil},
		"an empty list allows none": {Demand{Methods: []Method{}}, nil},
	} {
		var got []Method
		for _, m := range Methods() {
			if row.demand.Allows(m) {
				got = append(got, m)
			}
		}
		if !reflect.DeepEqual(got, row.want) {
			t.Errorf("%s: got %v, want %v", name, got, row.want)
		}
	}
}
