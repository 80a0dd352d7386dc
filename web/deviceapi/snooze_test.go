package deviceapi_test

import (
	"testing"
	"time"

	"github.com/nod-idp/nod/devices/protocol"
)

func TestADeviceAsksToBeLeftAlone(t *testing.T) {
	each(t, func(t *testing.T, s *server) {
		signer := enrolledSigner(t, s)
		until := protocol.At(time.Now().Add(time.Hour))
		got := ask[protocol.PushState](t, s, signer, protocol.VerbSnooze, protocol.Snooze{Until: &until})
		if got.Push.SnoozedUntil == nil || !got.Push.SnoozedUntil.Equal(until.Time) {
			t.Errorf("got %+v, want it left alone until %v", got, until)
		}
		if list := ask[protocol.Requests](t, s, signer, protocol.VerbRequests, protocol.Empty{}); list.Push.SnoozedUntil == nil {
			t.Errorf("requests: got %+v", list)
		}
		if got := ask[protocol.PushState](t, s, signer, protocol.VerbSnooze, protocol.Snooze{}); got.Push.SnoozedUntil != nil {
			t.Errorf("ended: got %+v", got)
		}
	})
}
