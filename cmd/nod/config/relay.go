package config

import (
	"github.com/nod-idp/nod/mfa"
)

// Relay settings: where browsers and phones are, and what is made of it.
type Relay struct {
	GeoDatabase string
	RelayAction string
	RelayFarKM  int
}

// settings lists them, each bound to its field of r.
func (r *Relay) settings() []setting {
	var actions []string
	for _, a := range mfa.RelayActions() {
		actions = append(actions, string(a))
	}
	return []setting{
		{"geo_database", file(&r.GeoDatabase), "", "file that says where addresses are, in the format of MaxMind (.mmdb), such as GeoLite2 City"},
		{"relay_action", choice(&r.RelayAction, actions...), string(mfa.RelayWarn), "what becomes of a sign-in whose browser is far from the phone: off, warn, digits or refuse"},
		{"relay_far_km", number(&r.RelayFarKM, 1, 20000), "200", "from how many km on that is far"},
	}
}

// Policy is what they say.
func (r Relay) Policy() mfa.Relay {
	return mfa.Relay{Action: mfa.RelayAction(r.RelayAction), FarKM: r.RelayFarKM}
}

// check reports an action that could never be taken.
func (r Relay) check(refuse func(name, value, allowed string)) {
	strict := r.RelayAction == string(mfa.RelayDigits) || r.RelayAction == string(mfa.RelayRefuse)
	if strict && r.GeoDatabase == "" {
		refuse("relay_action", r.RelayAction, "off or warn, unless geo_database says where addresses are")
	}
}
