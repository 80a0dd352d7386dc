package outbound

import (
	"net/netip"
	"slices"
)

// class is what an address is to somebody who was told it by a stranger.
type class int

const (
	barred  class = iota // not a host on the internet, or one that hands out credentials
	private              // somebody's own network
	public
)

// Networks that are somebody's own.
var privateNetworks = prefixes(
	"10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", // RFC 1918
	"100.64.0.0/10", // carrier-grade NAT, RFC 6598
	"127.0.0.0/8", "::1/128",
	"fc00::/7", // unique local, RFC 4193
)

// Networks that no stranger may name at all: the rest of the special-purpose
// registries (RFC 6890), and addresses at which clouds hand out credentials.
var barredNetworks = prefixes(
	"0.0.0.0/8", "169.254.0.0/16", "192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24",
	"198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4",
	"100.100.100.200/32", "168.63.129.16/32", "fd00:ec2::/32", "fd20:ce::254/128", // metadata
	"2001::/23",      // IETF assignments, Teredo (RFC 4380) among them
	"2001:db8::/32",  // documentation
	"2002::/16",      // 6to4 (RFC 3056): a way to any IPv4 address
	"3fff::/20",      // documentation
	"64:ff9b:1::/48", // NAT64 of a local network (RFC 8215): where the IPv4 address stands is not known
)

var (
	globalUnicast = netip.MustParsePrefix("2000::/3")
	nat64         = netip.MustParsePrefix("64:ff9b::/96") // RFC 6052
)

// classOf judges an address. IPv4 in the clothes of IPv6 is judged as IPv4, and of
// IPv6 only what is given out as global unicast is public.
func classOf(address netip.Addr) class {
	if !address.IsValid() || address.Zone() != "" {
		return barred
	}
	address = innermost(address)
	in := func(n netip.Prefix) bool { return n.Contains(address) }
	switch {
	case slices.ContainsFunc(barredNetworks, in):
		return barred
	case slices.ContainsFunc(privateNetworks, in):
		return private
	case address.Is4() || globalUnicast.Contains(address):
		return public
	}
	return barred
}

// innermost is the IPv4 address that a mapped (RFC 4291, section 2.5.5.2) or a NAT64
// (RFC 6052) address leads to, and any other address itself.
func innermost(address netip.Addr) netip.Addr {
	address = address.Unmap()
	if !nat64.Contains(address) {
		return address
	}
	bytes := address.As16()
	return netip.AddrFrom4([4]byte(bytes[12:]))
}

func prefixes(texts ...string) []netip.Prefix {
	all := make([]netip.Prefix, len(texts))
	for i, text := range texts {
		all[i] = netip.MustParsePrefix(text)
	}
	return all
}
