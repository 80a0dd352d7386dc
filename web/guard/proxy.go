package guard

import (
	"errors"
	"fmt"
	"net/http"
	"net/netip"
	"strings"
)

// Proxies are the networks whose forwarded headers are believed. The zero value believes nobody.
//
// Only X-Forwarded-For and X-Request-Id are read. Scheme and host always come from the configured public URL, and
// the Forwarded header of RFC 7239 is ignored: two headers with the same meaning are two chances to disagree.
type Proxies []netip.Prefix

// ParseProxies reads networks ("10.0.0.0/8") and single addresses ("::1").
func ParseProxies(list []string) (Proxies, error) {
	var proxies Proxies
	for _, text := range list {
		text = strings.TrimSpace(text)
		if addr, err := netip.ParseAddr(text); err == nil && addr.Zone() == "" {
			addr = addr.Unmap()
			proxies = append(proxies, netip.PrefixFrom(addr, addr.BitLen()))
			continue
		}
		prefix, err := netip.ParsePrefix(text)
		if err != nil {
			return nil, fmt.Errorf("parse trusted proxy %q: neither an address nor a network", text)
		}
		if prefix.Addr().Is4In6() {
			return nil, fmt.Errorf("parse trusted proxy %q: write IPv4 networks as IPv4", text)
		}
		proxies = append(proxies, prefix.Masked())
	}
	return proxies, nil
}

var errForwarded = errors.New("X-Forwarded-For of a trusted proxy holds something that is no address")

// Client returns the address of whoever sent the request: the peer itself, unless the peer is a listed proxy; then
// the rightmost address in X-Forwarded-For that no listed proxy has. What stands further left was written by the
// client and is not even looked at. An entry on the way there that is no address is an error.
func (p Proxies) Client(r *http.Request) (netip.Addr, error) {
	peer, err := parseHop(r.RemoteAddr)
	if err != nil {
		return netip.Addr{}, fmt.Errorf("read peer address: %w", err)
	}
	if !p.contains(peer) {
		return peer, nil
	}
	client := peer
	lines := r.Header.Values("X-Forwarded-For")
	for i := len(lines) - 1; i >= 0; i-- {
		rest := lines[i]
		for more := true; more; {
			var hop string
			cut := strings.LastIndexByte(rest, ',')
			rest, hop, more = rest[:max(cut, 0)], rest[cut+1:], cut >= 0
			addr, err := parseHop(strings.Trim(hop, " \t"))
			if err != nil {
				return netip.Addr{}, errForwarded
			}
			client = addr
			if !p.contains(addr) {
				return client, nil
			}
		}
	}
	return client, nil
}

// sent reports whether the peer itself is a listed proxy.
func (p Proxies) sent(r *http.Request) bool {
	peer, err := parseHop(r.RemoteAddr)
	return err == nil && p.contains(peer)
}

func (p Proxies) contains(addr netip.Addr) bool {
	for _, prefix := range p {
		if prefix.Contains(addr) {
			return true
		}
	}
	return false
}

// parseHop reads an address with or without a port, as proxies write both.
func parseHop(text string) (netip.Addr, error) {
	addr, err := netip.ParseAddr(strings.TrimSuffix(strings.TrimPrefix(text, "["), "]"))
	if err != nil {
		withPort, portErr := netip.ParseAddrPort(text)
		if portErr != nil {
			return netip.Addr{}, err
		}
		addr = withPort.Addr()
	} else if strings.HasPrefix(text, "[") != strings.HasSuffix(text, "]") || (strings.HasPrefix(text, "[") && !addr.Is6()) {
		return netip.Addr{}, errForwarded
	}
	// A zone names an interface of the machine that wrote it and means nothing here; a link-local peer keeps its
	// address only.
	return addr.Unmap().WithZone(""), nil
}
