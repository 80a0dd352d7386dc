package deviceapi

import (
	"errors"
	"net/http"
	"sync"

	"github.com/nod-idp/nod/devices"
	"github.com/nod-idp/nod/devices/protocol"
	"github.com/nod-idp/nod/web/guard"
)

// streamsPerDevice leaves room for a connection that died unnoticed.
const streamsPerDevice = 3

// stream tells an open app that something about its requests changed, at its start
// and each time afterwards. It ends with the device.
func (s *Surface) stream(w http.ResponseWriter, r *http.Request) error {
	d, ctx, err := s.receive(r, protocol.VerbStream, &protocol.Empty{})
	if err != nil {
		return err
	}
	if !s.open.enter(d.ID) {
		return protocol.ErrSlowDown
	}
	defer s.open.leave(d.ID)
	// First the subscription and then the first event: what happens in between is
	// announced once too often, and never missed.
	changes := s.DB.Subscribe(devices.Topic(d.ID))
	defer changes.Close()
	return s.Streams.Serve(w, r, func(stream *guard.Stream) error {
		for {
			if err := stream.Send(protocol.EventRequests, protocol.Empty{}); err != nil {
				return nil
			}
			if !stream.Wait(changes.C, 0) {
				return nil
			}
			now, err := s.Devices.Get(ctx, d.ID)
			if err != nil && !errors.Is(err, devices.ErrNotFound) {
				return err
			}
			if now.State != devices.Active {
				return nil
			}
		}
	})
}

// openStreams counts the streams of each device in this process.
type openStreams struct {
	mu    sync.Mutex
	count map[string]int
}

func (o *openStreams) enter(id string) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.count[id] >= streamsPerDevice {
		return false
	}
	if o.count == nil {
		o.count = map[string]int{}
	}
	o.count[id]++
	return true
}

func (o *openStreams) leave(id string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.count[id]--; o.count[id] <= 0 {
		delete(o.count, id)
	}
}
