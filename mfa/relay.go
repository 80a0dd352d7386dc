package mfa

import (
	"math"

	"github.com/nod-idp/nod/devices"
	"github.com/nod-idp/nod/devices/protocol"
	"github.com/nod-idp/nod/internal/geo"
	"github.com/nod-idp/nod/mfa/throttle"
)

// RelayAction is what becomes of a sign-in whose browser is far from the phone, as it is
// when somebody in between passes it on.
type RelayAction string

// The actions, from the mildest. Each does what the one before does.
const (
	RelayOff    RelayAction = "off"    // the phone tells the distance, where it is known
	RelayWarn   RelayAction = "warn"   // and warns the person
	RelayDigits RelayAction = "digits" // and asks for six digits
	RelayRefuse RelayAction = "refuse" // and takes no approval
)

// RelayActions lists them.
func RelayActions() []RelayAction {
	return []RelayAction{RelayOff, RelayWarn, RelayDigits, RelayRefuse}
}

// Relay is the policy about distance. A proxy near the victim is not found by it;
// passkeys stop that one too.
type Relay struct {
	Action RelayAction // "" means RelayOff
	FarKM  int         // from where on it is far; 0 means 200
}

func (r Relay) far() int {
	if r.FarKM == 0 {
		return 200
	}
	return r.FarKM
}

// longNumber is how many digits are asked where the distance is suspicious.
const longNumber = 6

// gap is how far a device is from the browser that asks.
type gap struct {
	network string // the device's
	near    bool   // both are in one network
	km      *int   // nil if it is not known
	far     bool   // further than the policy likes
}

// gapTo measures from the browser of a challenge to an address of a device.
func (s *Service) gapTo(c challenge, ip string) gap {
	g := gap{network: throttle.Network(ip)}
	g.near = ip != "" && g.network == c.Network && g.network != throttle.Network("")
	there, known := s.Places.Lookup(c.Context.V.IP)
	here, also := s.Places.Lookup(ip)
	if known && also && there.Located && here.Located {
		km := int(math.Round(geo.Distance(there, here)))
		g.km = &km
		g.far = !g.near && km > s.Relay.far()
	}
	return g
}

// refuses reports whether the policy takes no approval over this gap. Where the distance
// is not known, another network is too far: whoever relays chooses where from.
func (s *Service) refuses(g gap) bool {
	return s.Relay.Action == RelayRefuse && (g.far || g.km == nil && !g.near)
}

// tell says on a request how far away the browser is. Where it is the very one that the
// device runs in there is nothing to say.
func (s *Service) tell(r *protocol.Request, g gap) {
	if r.SameBrowser {
		return
	}
	r.DistanceKM, r.Nearby = g.km, g.near
	r.Far = g.far && s.Relay.Action != RelayOff && s.Relay.Action != ""
}

// lengthen asks for six digits if the browser is far from where each of the devices was
// last, as far as that is known.
func (s *Service) lengthen(c *challenge, asked []devices.Device) {
	if s.Relay.Action != RelayDigits {
		return
	}
	far := false
	for _, d := range asked {
		if d.SeenIP == "" {
			continue
		}
		if g := s.gapTo(*c, d.SeenIP); !g.far {
			return
		}
		far = true
	}
	if far {
		c.MatchDigits = longNumber
	}
}
