package mfa_test

import (
	"testing"
	"time"

	"github.com/nod-idp/nod/devices/protocol"
	"github.com/nod-idp/nod/internal/audit"
	"github.com/nod-idp/nod/internal/geo"
	"github.com/nod-idp/nod/internal/geo/geotest"
	"github.com/nod-idp/nod/mfa"
)

// Where the world of these tests lies: asks come from Berlin.
const (
	inBerlin = "192.0.2.200"  // the network of the browser
	byBerlin = "198.51.100.1" // another network, 27 km away
	inLyon   = "203.0.113.1"
	nowhere  = "10.0.0.1"
)

func (w *world) mapped(r mfa.Relay) {
	w.t.Helper()
	places, err := geo.Open(geotest.Write(w.t, map[string]geo.Place{
		"192.0.2.0/24":    {City: "Berlin", Country: "Germany", CountryCode: "DE", Located: true, Lat: 52.52, Lon: 13.40},
		"198.51.100.0/24": {City: "Potsdam", Country: "Germany", CountryCode: "DE", Located: true, Lat: 52.40, Lon: 13.06},
		"203.0.113.0/24":  {City: "Lyon", Country: "France", CountryCode: "FR", Located: true, Lat: 45.76, Lon: 4.84},
	}))
	must(w.t, err)
	w.t.Cleanup(func() { places.Close() })
	w.Places, w.Relay = places, r
}

// mapless is an ask without a place, which the map then gives.
func (w *world) mapless(ip string) mfa.Ask {
	ask := w.ask()
	ask.Context.IP, ask.Context.Place = ip, ""
	return ask
}

func TestThePhoneIsToldHowFarTheBrowserIs(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.mapped(mfa.Relay{Action: mfa.RelayWarn})
		p := w.phone(protocol.VerifyPlain)
		ask := w.mapless("192.0.2.7")
		id := w.start(ask)
		for ip, want := range map[string]struct {
			near, known, far bool
			km               int
		}{
			inBerlin: {near: true, known: true}, byBerlin: {known: true, km: 27}, inLyon: {known: true, far: true, km: 974},
			nowhere: {}, "": {},
		} {
			r, err := w.Open(t.Context(), p.device(), id, mfa.Origin{IP: ip})
			must(t, err)
			if r.Nearby != want.near || (r.DistanceKM != nil) != want.known || r.Far != want.far || r.Context.Place != "Berlin, Germany" {
				t.Errorf("from %q: got near %v, %v km, far %v, place %q", ip, r.Nearby, r.DistanceKM, r.Far, r.Context.Place)
			}
			if want.known && (*r.DistanceKM < want.km-3 || *r.DistanceKM > want.km+3) {
				t.Errorf("from %q: got %d km, want %d", ip, *r.DistanceKM, want.km)
			}
		}
		r, err := w.Open(t.Context(), p.device(), id, mfa.Origin{IP: inLyon, Browser: ask.Browser})
		if err != nil || r.Far || r.DistanceKM != nil {
			t.Errorf("in the browser that asks: got %+v, %v", r, err)
		}
	})
}

func TestAWarningIsAllUnlessThePolicySaysMore(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.mapped(mfa.Relay{Action: mfa.RelayWarn})
		p := w.phone(protocol.VerifyPlain)
		ask := w.mapless("192.0.2.7")
		id := w.start(ask)
		_, err := w.Answer(t.Context(), p.device(), p.approval(id, w.view(ask.LoginID, id).MatchNumber), mfa.Origin{IP: inLyon})
		must(t, err)
		w.wantState(id, mfa.Approved)
		var km int
		must(t, w.DB.Get(t.Context(), &km, "SELECT distance_km FROM challenges WHERE id = $1 AND device_network = '203.0.113.0/24'", id))
		if n := w.count("SELECT count(*) FROM audit WHERE action = 'challenge.approved' AND detail LIKE '%distance_km%'"); n != 1 || km < 900 {
			t.Errorf("got %d entries with a distance, %d km", n, km)
		}
	})
}

func TestThePolicyRefusesApprovalsFromFar(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.mapped(mfa.Relay{Action: mfa.RelayRefuse, FarKM: 100})
		p := w.phone(protocol.VerifyPlain)
		ask := w.mapless("192.0.2.7")
		id := w.start(ask)
		right := p.approval(id, w.view(ask.LoginID, id).MatchNumber)
		for _, ip := range []string{inLyon, nowhere, ""} {
			_, err := w.Answer(t.Context(), p.device(), right, mfa.Origin{IP: ip})
			wantCode(t, ip, err, protocol.ErrRefusedByPolicy)
		}
		if r := w.row(id); r.State != mfa.Pending || r.Tries != 0 {
			t.Errorf("got %+v, want it to wait", r)
		}
		if n := w.audited("challenge.answer", audit.Refused); n != 1 {
			t.Errorf("got %d entries, want 1", n)
		}
		_, err := w.Answer(t.Context(), p.device(), right, mfa.Origin{IP: byBerlin})
		must(t, err)
		second := w.startAnew(w.mapless("192.0.2.7"))
		_, err = w.Answer(t.Context(), p.device(), protocol.Answer{Challenge: second, Verdict: protocol.Report}, mfa.Origin{IP: inLyon})
		must(t, err) // whoever is far away may still say no
		w.wantState(second, mfa.Reported)
	})
}

func TestSixDigitsAreAskedWhereTheBrowserIsFarFromEveryDevice(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.mapped(mfa.Relay{Action: mfa.RelayDigits})
		first, second := w.phone(protocol.VerifyPlain), w.phone(protocol.VerifyPlain)
		digits := func(ip string) int {
			ask := w.mapless(ip)
			return len(w.view(ask.LoginID, w.startAnew(ask)).MatchNumber)
		}
		if got := digits("203.0.113.9"); got != 2 {
			t.Errorf("nothing is known: got %d digits, want 2", got)
		}
		seen := func(p *phone, ip string) { must(t, w.Devices.SeenFrom(t.Context(), p.device(), ip)) }
		seen(first, inBerlin)
		if got := digits("203.0.113.9"); got != 6 {
			t.Errorf("far from the one that is known: got %d digits, want 6", got)
		}
		seen(second, inLyon)
		if got := digits("203.0.113.9"); got != 2 {
			t.Errorf("beside one of them: got %d digits, want 2", got)
		}
		if n := w.audited("device.moved", audit.OK); n != 2 {
			t.Errorf("got %d entries of devices, want 2", n)
		}
	})
}

func TestANewCountryIsAHint(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.mapped(mfa.Relay{})
		p := w.phone(protocol.VerifyPlain)
		hint := func(ip string) bool {
			w.pass(time.Minute)
			ask := w.mapless(ip)
			id := w.startAnew(ask)
			r, err := w.Open(t.Context(), p.device(), id, mfa.Origin{})
			must(t, err)
			p.approve(ask, id)
			must(t, w.verify(ask, id, w.view(ask.LoginID, id).Passcode))
			return r.NewCountry
		}
		for _, visit := range []struct {
			ip   string
			want bool
		}{{"192.0.2.7", false}, {"198.51.100.1", false}, {"203.0.113.1", true}, {"203.0.113.1", false}, {nowhere, false}} {
			if got := hint(visit.ip); got != visit.want {
				t.Errorf("from %s: got %v, want %v", visit.ip, got, visit.want)
			}
		}
	})
}
