package outbound

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
)

// ErrRefused is what every RefusedError is.
var ErrRefused = errors.New("refused to connect")

// RefusedError tells why nothing was sent. Trying again does not help.
type RefusedError struct {
	Host    string
	Address netip.Addr // zero if it did not come to that
	Reason  string
}

// Error describes the refusal for the log.
func (e *RefusedError) Error() string {
	if e.Address.IsValid() {
		return fmt.Sprintf("refused to connect to %q at %s: %s", e.Host, e.Address, e.Reason)
	}
	return fmt.Sprintf("refused to connect to %q: %s", e.Host, e.Reason)
}

// Is makes every refusal ErrRefused.
func (e *RefusedError) Is(target error) bool { return target == ErrRefused }

// Allow is what the operator named besides the public internet. The zero value
// allows nothing more.
type Allow struct {
	hosts    []string // lower case; "*.example.org" for everything below
	networks []netip.Prefix
}

// ParseAllow reads host names, such as push.example.lan or *.example.lan, addresses
// and networks, such as 10.1.0.0/16.
func ParseAllow(entries []string) (Allow, error) {
	var a Allow
	for _, entry := range entries {
		if network, err := parseNetwork(entry); err == nil {
			a.networks = append(a.networks, network)
			continue
		}
		if host := strings.TrimPrefix(entry, "*."); strings.Contains(entry, "/") || !plainHost(host) {
			return Allow{}, fmt.Errorf("%q is neither a host name nor an address nor a network", entry)
		}
		a.hosts = append(a.hosts, entry)
	}
	return a, nil
}

func parseNetwork(entry string) (netip.Prefix, error) {
	if address, err := netip.ParseAddr(entry); err == nil {
		address = address.Unmap().WithZone("")
		return netip.PrefixFrom(address, address.BitLen()), nil
	}
	network, err := netip.ParsePrefix(entry)
	if err == nil && network.Addr().Is4In6() {
		err = errors.New("an IPv4 network is written as one")
	}
	return network.Masked(), err
}

// judge says whether an address may be connected to that a host's name, or the host
// itself, stands for.
func (a Allow) judge(host string, address netip.Addr) error {
	refused := &RefusedError{Host: host, Address: address}
	class := classOf(address)
	inner := innermost(address)
	switch {
	case host == "localhost" && !inner.IsLoopback():
		refused.Reason = "localhost is somewhere else"
	case class == public, a.networkNamed(address), a.networkNamed(inner):
		return nil
	case class == private && a.hostNamed(host):
		return nil
	case class == private:
		refused.Reason = "the address is private"
	default:
		refused.Reason = "the address is not one of a host on the internet"
	}
	return refused
}

func (a Allow) networkNamed(address netip.Addr) bool {
	address = address.Unmap()
	return slices.ContainsFunc(a.networks, func(n netip.Prefix) bool { return n.Contains(address) })
}

func (a Allow) hostNamed(host string) bool {
	return slices.ContainsFunc(a.hosts, func(pattern string) bool { return MatchHost(pattern, host) })
}

// named reports whether the operator spoke of this host at all.
func (a Allow) named(host string) bool {
	address, err := netip.ParseAddr(host)
	return a.hostNamed(host) || err == nil && a.networkNamed(address)
}
