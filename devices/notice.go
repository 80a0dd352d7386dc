package devices

import (
	"context"

	"github.com/nod-idp/nod/devices/protocol"
)

// Notices returns what a device has to tell its person.
func (s *Devices) Notices(ctx context.Context, deviceID string) ([]protocol.Notice, error) {
	return []protocol.Notice{}, nil
}

// SeenNotice takes a notice off a device's list. One that is not there is no error.
func (s *Devices) SeenNotice(ctx context.Context, deviceID, noticeID string) error { return nil }
