// Package geo says where an address is, by a database file in the format of MaxMind that
// the operator supplies (GeoLite2 City, DB-IP and others). It owns reading that file and
// the distance between two places. It asks nobody over the network, and what a distance
// means is left to mfa.
//
// A place is a guess: of a network, of the country as a rule, of the city often, and of a
// mobile network sometimes not even that.
package geo

import (
	"fmt"
	"math"
	"net/netip"

	"github.com/oschwald/maxminddb-golang/v2"
)

// Place is where an address is, as far as known.
type Place struct {
	City        string
	Country     string
	CountryCode string // ISO 3166-1, two letters
	Located     bool   // Lat and Lon are known
	Lat, Lon    float64
}

// String is the place in words: "Lyon, France".
func (p Place) String() string {
	if p.City == "" || p.Country == "" {
		return p.City + p.Country
	}
	return p.City + ", " + p.Country
}

// Places looks up addresses in one file. It is safe for concurrent use. A nil one knows
// nothing.
type Places struct{ reader *maxminddb.Reader }

// Open reads the file and checks all of it: one that is damaged is found at the start and
// not by the person whose address is looked up.
func Open(path string) (*Places, error) {
	reader, err := maxminddb.Open(path)
	if err != nil {
		return nil, fmt.Errorf("open the database of places: %w", err)
	}
	if err := reader.Verify(); err != nil {
		return nil, fmt.Errorf("the database of places in %s is damaged: %w", path, err)
	}
	return &Places{reader}, nil
}

// Close gives the file back.
func (p *Places) Close() error {
	if p == nil {
		return nil
	}
	return p.reader.Close()
}

// record is what of an entry is read.
type record struct {
	City struct {
		Names map[string]string `maxminddb:"names"`
	} `maxminddb:"city"`
	Country struct {
		Code  string            `maxminddb:"iso_code"`
		Names map[string]string `maxminddb:"names"`
	} `maxminddb:"country"`
	Location struct {
		Lat *float64 `maxminddb:"latitude"`
		Lon *float64 `maxminddb:"longitude"`
	} `maxminddb:"location"`
}

// Lookup returns where an address is. What is not in the file, or no address, is nowhere.
func (p *Places) Lookup(ip string) (Place, bool) {
	addr, err := netip.ParseAddr(ip)
	if p == nil || err != nil {
		return Place{}, false
	}
	found := p.reader.Lookup(addr.Unmap().WithZone(""))
	var r record
	if !found.Found() || found.Decode(&r) != nil {
		return Place{}, false
	}
	place := Place{City: r.City.Names["en"], Country: r.Country.Names["en"], CountryCode: r.Country.Code}
	if r.Location.Lat != nil && r.Location.Lon != nil {
		place.Located, place.Lat, place.Lon = true, *r.Location.Lat, *r.Location.Lon
	}
	return place, place != Place{}
}

// earth is its mean radius in km.
const earth = 6371

// Distance is how far two places are apart, in km along the ground.
func Distance(a, b Place) float64 {
	lat1, lat2 := radians(a.Lat), radians(b.Lat)
	h := hav(lat2-lat1) + math.Cos(lat1)*math.Cos(lat2)*hav(radians(b.Lon)-radians(a.Lon))
	return 2 * earth * math.Asin(math.Sqrt(min(1, h)))
}

func radians(degrees float64) float64 { return degrees * math.Pi / 180 }

// hav is the haversine.
func hav(x float64) float64 { return math.Pow(math.Sin(x/2), 2) }
