package geo_test

import (
	"math"
	"os"
	"path/filepath"
	"testing"

	"github.com/nod-idp/nod/internal/geo"
	"github.com/nod-idp/nod/internal/geo/geotest"
)

var (
	lyon  = geo.Place{City: "Lyon", Country: "France", CountryCode: "FR", Located: true, Lat: 45.76, Lon: 4.84}
	paris = geo.Place{City: "Paris", Country: "France", CountryCode: "FR", Located: true, Lat: 48.86, Lon: 2.35}
	italy = geo.Place{Country: "Italy", CountryCode: "IT"}
)

func TestAnAddressIsLookedUp(t *testing.T) {
	places, err := geo.Open(geotest.Write(t, map[string]geo.Place{"192.0.2.0/24": lyon, "198.51.100.0/25": paris, "203.0.113.0/24": italy}))
	if err != nil {
		t.Fatal(err)
	}
	defer places.Close()
	for ip, want := range map[string]geo.Place{
		"192.0.2.7": lyon, "::ffff:192.0.2.7": lyon, "198.51.100.1": paris, "203.0.113.200": italy,
		"198.51.100.200": {}, "127.0.0.1": {}, "2001:db8::1": {}, "": {}, "Lyon": {},
	} {
		if got, found := places.Lookup(ip); got != want || found != (want != geo.Place{}) {
			t.Errorf("%s: got %+v, %v, want %+v", ip, got, found, want)
		}
	}
	if text := lyon.String() + "; " + italy.String(); text != "Lyon, France; Italy" {
		t.Errorf("got %q", text)
	}
}

func TestWithoutAFileNothingIsKnown(t *testing.T) {
	var none *geo.Places
	if got, found := none.Lookup("192.0.2.7"); found {
		t.Errorf("got %+v", got)
	}
}

func TestAFileThatIsMissingOrDamagedIsRefused(t *testing.T) {
	whole := geotest.Bytes(map[string]geo.Place{"192.0.2.0/24": lyon})
	damaged := append([]byte(nil), whole...)
	for i := range 40 { // the tree then points past the data
		damaged[i] = 0xff
	}
	for name, content := range map[string][]byte{"missing": nil, "empty": {}, "something else": []byte("city,country"), "cut short": whole[:len(whole)/2], "damaged": damaged} {
		path := filepath.Join(t.TempDir(), "places.mmdb")
		if content != nil {
			if err := os.WriteFile(path, content, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		if places, err := geo.Open(path); err == nil {
			t.Errorf("%s: got %v, want an error", name, places)
		}
	}
}

func TestDistance(t *testing.T) {
	if got := geo.Distance(lyon, paris); math.Abs(got-391) > 3 {
		t.Errorf("Lyon to Paris: got %.0f km, want about 391", got)
	}
	if got := geo.Distance(lyon, lyon); got != 0 {
		t.Errorf("Lyon to Lyon: got %v", got)
	}
	if got := geo.Distance(geo.Place{Lat: 90}, geo.Place{Lat: -90}); math.Abs(got-20015) > 1 {
		t.Errorf("pole to pole: got %v", got)
	}
}
