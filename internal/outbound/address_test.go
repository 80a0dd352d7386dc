package outbound

import (
	"net/netip"
	"testing"
)

func TestOnlyPublicAddressesArePublic(t *testing.T) {
	for text, want := range map[string]class{
		"93.184.215.14": public, "8.8.8.8": public, "2606:4700::6810:84e5": public,
		"10.0.0.1": private, "172.16.0.1": private, "172.31.255.255": private, "192.168.1.1": private,
		"172.15.0.1": public, "172.32.0.1": public,
		"127.0.0.1": private, "127.255.255.254": private, "::1": private,
		"100.64.0.1": private, "100.127.255.255": private, "100.128.0.1": public,
		"fc00::1": private, "fdff::1": private,
		"0.0.0.0": barred, "0.1.2.3": barred, "::": barred,
		"169.254.169.254": barred, "fe80::1": barred, "100.100.100.200": barred, "168.63.129.16": barred,
		"fd00:ec2::254": barred, "fd20:ce::254": barred, "192.0.0.192": barred,
		"224.0.0.1": barred, "239.255.255.255": barred, "ff02::1": barred,
		"240.0.0.1": barred, "255.255.255.255": barred, "198.18.0.1": barred, "192.0.2.1": barred,
		"203.0.113.9": barred, "198.51.100.9": barred, "2001:db8::1": barred, "3fff::1": barred,
		"::ffff:127.0.0.1": private, "::ffff:10.0.0.1": private, "::ffff:169.254.169.254": barred, "::ffff:8.8.8.8": public,
		"::127.0.0.1": barred, "::ffff:0:127.0.0.1": barred, "::8.8.8.8": barred,
		"64:ff9b::127.0.0.1": private, "64:ff9b::10.0.0.1": private, "64:ff9b::169.254.169.254": barred, "64:ff9b::8.8.8.8": public,
		"64:ff9b:1::8.8.8.8": barred, "64:ff9b:1:a00:1::": barred,
		"2002:7f00:1::": barred, "2001:0:7f00:1::": barred, "fe80::1%eth0": barred, "2606:4700::1%eth0": barred,
		"fec0::1": barred, "4000::1": barred, "100::1": barred,
	} {
		if got := classOf(netip.MustParseAddr(text)); got != want {
			t.Errorf("%s: got %d, want %d", text, got, want)
		}
	}
	if got := classOf(netip.Addr{}); got != barred {
		t.Errorf("no address: got %d, want barred", got)
	}
}

func TestTheOperatorNamesWhatElseMayBeReached(t *testing.T) {
	allow, err := ParseAllow([]string{"push.lan", "*.home.example", "10.1.0.0/16", "169.254.1.2", "fd12::/16"})
	if err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct {
		host, address string
		fine          bool
	}{
		{"anything.example", "8.8.8.8", true},
		{"push.lan", "192.168.7.7", true},
		{"push.lan", "127.0.0.1", true},
		{"push.lan", "169.254.169.254", false}, // a name does not open the barred ones
		{"push.lan", "0.0.0.0", false},
		{"notpush.lan", "192.168.7.7", false},
		{"a.home.example", "192.168.7.7", true},
		{"a.b.home.example", "192.168.7.7", true},
		{"home.example", "192.168.7.7", false},
		{"home.example.evil.example", "192.168.7.7", false},
		{"xhome.example", "192.168.7.7", false},
		{"any.example", "10.1.2.3", true},
		{"any.example", "::ffff:10.1.2.3", true},
		{"any.example", "64:ff9b::10.1.2.3", true},
		{"any.example", "10.2.2.3", false},
		{"any.example", "169.254.1.2", true}, // a network does
		{"any.example", "169.254.1.3", false},
		{"any.example", "fd12::9", true},
		{"localhost", "8.8.8.8", false},
	} {
		err := allow.judge(tc.host, netip.MustParseAddr(tc.address))
		if (err == nil) != tc.fine {
			t.Errorf("%s at %s: got %v, want fine %v", tc.host, tc.address, err, tc.fine)
		}
	}
}

func TestAnEntryThatIsNoHostAndNoNetworkIsRefused(t *testing.T) {
	for _, entry := range []string{"", "*", "*.", "https://push.lan", "push.lan:443", "a b", "10.0.0.0/99", "Push.lan", "a..b", "2130706433", "::ffff:10.0.0.0/104"} {
		if _, err := ParseAllow([]string{entry}); err == nil {
			t.Errorf("%q: got no error", entry)
		}
	}
}

// FuzzClassOf looks for an address that is public in one form and not in another.
func FuzzClassOf(f *testing.F) {
	for _, text := range []string{"127.0.0.1", "10.0.0.1", "8.8.8.8", "::1", "fe80::1", "2606:4700::1", "64:ff9b::a00:1", "::ffff:169.254.169.254"} {
		f.Add(netip.MustParseAddr(text).AsSlice())
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		a, ok := netip.AddrFromSlice(raw)
		if !ok {
			return
		}
		got := classOf(a)
		in := innermost(a)
		if got == public && (!in.IsGlobalUnicast() || in.IsPrivate() || in.IsLoopback() || in.IsLinkLocalUnicast() || in.IsMulticast() || in.IsUnspecified()) {
			t.Errorf("%s is public", a)
		}
		if !a.Is4() {
			return
		}
		if mapped := classOf(netip.AddrFrom16(a.As16())); mapped != got {
			t.Errorf("%s: mapped is %d, plain is %d", a, mapped, got)
		}
		wrapped := netip.MustParseAddr("64:ff9b::").As16()
		copy(wrapped[12:], raw)
		if w := classOf(netip.AddrFrom16(wrapped)); w != got {
			t.Errorf("%s: behind NAT64 is %d, plain is %d", a, w, got)
		}
	})
}

func FuzzParseAllow(f *testing.F) {
	f.Add("*.example.org")
	f.Add("10.0.0.0/8")
	f.Add("64:ff9b::/96")
	f.Fuzz(func(t *testing.T, entry string) {
		a, err := ParseAllow([]string{entry})
		if err == nil && len(a.hosts)+len(a.networks) != 1 {
			t.Errorf("%q: got %+v", entry, a)
		}
	})
}
