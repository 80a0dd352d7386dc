package pairing

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/nod-idp/nod/idp/client"
	"github.com/nod-idp/nod/idp/polling"
	"github.com/nod-idp/nod/internal/audit"
	"github.com/nod-idp/nod/internal/db"
	"github.com/nod-idp/nod/internal/random"
)

// Begun is what a client is told (RFC 8628, section 3.2).
type Begun struct {
	DeviceCode string
	UserCode   string
	ExpiresIn  time.Duration
	Interval   time.Duration
}

// tries is how often a user code is drawn anew that another pairing has already.
const tries = 5

// Begin takes up a client's request. ip is where it came from, which the person is shown.
func (p *Pairings) Begin(ctx context.Context, c client.Client, scopes []string, ip string) (Begun, error) {
	for range tries {
		begun, err := p.begin(ctx, c, scopes, ip)
		if !errors.Is(err, errTaken) {
			return begun, err
		}
	}
	return Begun{}, fmt.Errorf("begin a pairing: %w", errTaken)
}

func (p *Pairings) begin(ctx context.Context, c client.Client, scopes []string, ip string) (Begun, error) {
	now := p.now()
	r := row{
		ID: random.ID("pai"), ClientID: c.ID, Scopes: db.List(scopes...), IP: ip, Pace: polling.Interval.Milliseconds(),
		CreatedAt: db.At(now), ExpiresAt: db.At(now.Add(Life)),
	}
	code, deviceCode := p.userCode(r.ID), random.Token(codePrefix)
	err := p.DB.Write(ctx, func(tx *db.Tx) error {
		if err := p.insertTx(tx, r, random.Hash(deviceCode), p.indexOf(code)); err != nil {
			return err
		}
		return audit.Record(tx, audit.Entry{At: now, Action: "pairing.begun", Subject: r.ID, Client: c.ID, Detail: map[string]any{"scopes": scopes}})
	})
	if err != nil {
		return Begun{}, fmt.Errorf("begin a pairing: %w", err)
	}
	return Begun{DeviceCode: deviceCode, UserCode: spaced(code), ExpiresIn: Life, Interval: polling.Interval}, nil
}
