package mfa

import (
	"context"
	"errors"
	"fmt"

	"github.com/nod-idp/nod/devices"
	"github.com/nod-idp/nod/devices/protocol"
	"github.com/nod-idp/nod/internal/db"
)

// Requests returns what is open for a device and notes that it was delivered.
func (s *Service) Requests(ctx context.Context, d devices.Device) ([]protocol.Request, error) {
	now := s.now()
	open, err := s.pendingFor(ctx, d, now)
	if err != nil {
		return nil, fmt.Errorf("list requests: %w", err)
	}
	requests := make([]protocol.Request, 0, len(open))
	for _, c := range open {
		if err := s.advance(ctx, c.ID, d.ID, Delivered); err != nil {
			return nil, fmt.Errorf("note a delivery: %w", err)
		}
		requests = append(requests, c.request(now))
	}
	return requests, nil
}

// Open returns one request for a device to show and notes that it was opened. A
// request that is over is returned with the state it ended in.
func (s *Service) Open(ctx context.Context, d devices.Device, challengeID string, from Origin) (protocol.Request, error) {
	c, err := s.forDevice(ctx, d, challengeID)
	if err != nil {
		return protocol.Request{}, err
	}
	now := s.now()
	if c.stateAt(now) == Pending {
		if err := s.advance(ctx, c.ID, d.ID, Opened); err != nil {
			return protocol.Request{}, fmt.Errorf("note an opening: %w", err)
		}
	}
	request := c.request(now)
	request.SameBrowser = c.askedBy(from.Browser)
	s.tell(&request, s.gapTo(c, from.IP))
	if err := s.Devices.SeenFrom(ctx, d, from.IP); err != nil {
		return protocol.Request{}, fmt.Errorf("note where a device is: %w", err)
	}
	return request, nil
}

// PINHalf releases the server's half of a device's PIN path, for an open challenge
// of that device and nothing else.
func (s *Service) PINHalf(ctx context.Context, d devices.Device, challengeID string) ([]byte, error) {
	c, err := s.forDevice(ctx, d, challengeID)
	if err != nil {
		return nil, err
	}
	if err := s.refusal(c); err != nil {
		return nil, err
	}
	half, err := s.Devices.PINHalf(d)
	if errors.Is(err, devices.ErrNoSecret) { // it has no PIN
		return nil, protocol.ErrInvalidRequest
	}
	if err != nil {
		return nil, fmt.Errorf("release a PIN half: %w", err)
	}
	return half, nil
}

func (s *Service) forDevice(ctx context.Context, d devices.Device, challengeID string) (challenge, error) {
	c, err := s.findFor(ctx, challengeID, d.ID, s.now())
	if errors.Is(err, db.ErrNotFound) {
		return c, protocol.ErrUnknownRequest
	}
	if err != nil {
		return c, fmt.Errorf("find a request: %w", err)
	}
	return c, nil
}
