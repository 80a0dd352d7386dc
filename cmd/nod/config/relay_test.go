package config_test

import (
	"strings"
	"testing"

	"github.com/nod-idp/nod/mfa"
)

func TestDistanceNeedsAMap(t *testing.T) {
	for name, row := range map[string]struct {
		flags string
		want  mfa.Relay
		fails string
	}{
		"by default the phone warns": {"", mfa.Relay{Action: mfa.RelayWarn, FarKM: 200}, ""},
		"refused from 50 km on":      {"--relay-action=refuse --relay-far-km=50 --geo-database=places.mmdb", mfa.Relay{Action: mfa.RelayRefuse, FarKM: 50}, ""},
		"refusing without a map":     {"--relay-action=refuse", mfa.Relay{}, "geo_database"},
		"digits without a map":       {"--relay-action=digits", mfa.Relay{}, "geo_database"},
		"another word":               {"--relay-action=block", mfa.Relay{}, "one of off, warn, digits, refuse"},
	} {
		c, err := load(t, strings.Fields(row.flags), nil, "")
		if (err != nil) != (row.fails != "") || err != nil && !strings.Contains(err.Error(), row.fails) {
			t.Errorf("%s: got %v", name, err)
			continue
		}
		if err == nil && c.Relay.Policy() != row.want {
			t.Errorf("%s: got %+v, want %+v", name, c.Relay.Policy(), row.want)
		}
	}
}
