package outbound

import (
	"net/netip"
	"strings"
)

// MatchHost reports whether a host is the one of the pattern or, for a pattern such
// as *.example.org, lies below it. Whole labels are compared, so that
// notexample.org and example.org.attacker.net do not match.
func MatchHost(pattern, host string) bool {
	if parent, ok := strings.CutPrefix(pattern, "*."); ok {
		below, ok := strings.CutSuffix(host, "."+parent)
		return ok && below != ""
	}
	return pattern == host
}

// Loopback reports whether a host of a URL is this machine by its very name.
func Loopback(host string) bool {
	address, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && address.Unmap().IsLoopback()
}

// plainHost reports whether a host is an address in its usual form or a name in
// lower case that nobody can take for an address. Some resolvers read 2130706433,
// 0x7f.1 and 0177.0.0.1 as 127.0.0.1 (the WHATWG URL standard, section 3.5, calls it
// a host that ends in a number).
func plainHost(host string) bool {
	if address, err := netip.ParseAddr(host); err == nil {
		return address.Zone() == ""
	}
	return plainName(host)
}

func plainName(name string) bool {
	if len(name) > 253 {
		return false
	}
	labels := strings.Split(name, ".")
	for _, label := range labels {
		if len(label) == 0 || len(label) > 63 || label[0] == '-' || label[len(label)-1] == '-' {
			return false
		}
		for _, c := range []byte(label) {
			if (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '-' && c != '_' {
				return false
			}
		}
	}
	last := labels[len(labels)-1]
	return last[0] < '0' || last[0] > '9'
}
