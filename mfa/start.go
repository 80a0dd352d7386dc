package mfa

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"time"

	"github.com/nod-idp/nod/devices"
	"github.com/nod-idp/nod/devices/protocol"
	"github.com/nod-idp/nod/internal/audit"
	"github.com/nod-idp/nod/internal/db"
	"github.com/nod-idp/nod/internal/failpoint"
	"github.com/nod-idp/nod/internal/random"
	"github.com/nod-idp/nod/mfa/throttle"
)

// Ask is a login that wants its person's devices asked.
type Ask struct {
	UserID   string
	LoginID  string
	ClientID string
	// Browser is an opaque id of the browser that asks; only it supersedes its own.
	Browser string
	// KnownBrowser is the id of a browser that completed a whole login, or "".
	KnownBrowser string
	Context      protocol.Context
	Demand       Demand
	// Device is the one that the person wants to be asked, "" for all of them.
	Device string
	// Inquiry tells that no browser asks but the client by itself. LoginID is then whatever
	// the caller knows the question by.
	Inquiry bool
	// Until is when an inquiry is over; it lasts five minutes at most.
	Until time.Time
}

// startRaces is how often Start looks again after it lost a race for the one
// pending challenge that a person can have.
const startRaces = 5

// Start creates a challenge for a login that has proved its first factor and
// queues a wake-up for each of the person's devices, in one transaction. also runs
// in it, so that the login can note the challenge.
//
// It returns *WaitError, ErrPaused, ErrNoDevice or ErrInactive when nothing was sent.
func (s *Service) Start(ctx context.Context, ask Ask, also func(tx *db.Tx, challengeID string) error) (id string, err error) {
	for range startRaces {
		err = s.DB.Write(ctx, func(tx *db.Tx) (err error) {
			if id, err = s.startTx(tx, ask); err != nil {
				return err
			}
			err = also(tx, id)
			failpoint.Hit(failpoint.ChallengeUnstored)
			return err
		})
		if !errors.Is(err, errRaced) {
			break
		}
	}
	if err != nil {
		return "", fmt.Errorf("ask the devices: %w", err)
	}
	failpoint.Hit(failpoint.ChallengeStored)
	return id, nil
}

func (s *Service) startTx(tx *db.Tx, ask Ask) (string, error) {
	now := s.now()
	active, err := s.People.ActiveTx(tx, ask.UserID)
	if err != nil {
		return "", err
	}
	if !active {
		return "", ErrInactive
	}
	scope := ask.scope()
	spent, err := lockBudgetTx(tx, ask.UserID, scope)
	if err != nil {
		return "", err
	}
	if err := spent.allows(now); err != nil {
		return "", err
	}
	askable, err := s.askableTx(tx, ask)
	if err != nil {
		return "", err
	}
	if len(askable) == 0 {
		return "", ErrNoDevice
	}
	if err := s.makeRoomTx(tx, ask, now); err != nil {
		return "", err
	}
	c, err := s.newChallengeTx(tx, ask, scope, now)
	if err != nil {
		return "", err
	}
	s.lengthen(&c, askable)
	if err := s.insertTx(tx, c); err != nil {
		return "", err
	}
	if err := s.queueTx(tx, c.ID, askable, ask.Demand.Terms.NextDevice, now); err != nil {
		return "", err
	}
	if err := saveBudgetTx(tx, ask.UserID, scope, spent.spend(now)); err != nil {
		return "", err
	}
	return c.ID, audit.Record(tx, audit.Entry{
		At: now, Action: "challenge.created", Subject: c.ID, User: ask.UserID, Client: ask.ClientID,
		Detail: map[string]any{"login": ask.LoginID, "devices": len(askable), "budget": scope},
	})
}

// makeRoomTx sees to it that no other challenge of the person is pending. A browser
// supersedes its own; one that is known goes before one that is not, and before a client
// that asks by itself; all others wait.
func (s *Service) makeRoomTx(tx *db.Tx, ask Ask, now time.Time) error {
	if err := s.expirePendingTx(tx, ask.UserID, now); err != nil {
		return err
	}
	other, found, err := s.pendingOfTx(tx, ask.UserID)
	if err != nil || !found {
		return err
	}
	if other.Browser != ask.Browser && !ask.goesBefore(other.Budget) {
		return &WaitError{Until: other.ExpiresAt.Time, Elsewhere: true}
	}
	return s.endOpenTx(tx, other, Superseded, now)
}

// endOpenTx ends a challenge that is pending or approved without honouring it, and
// tells everyone. If it has moved on since it was read, nothing happens.
func (s *Service) endOpenTx(tx *db.Tx, c challenge, to State, now time.Time) error {
	moved, err := endTx(tx, c.ID, c.State, to)
	if err != nil || !moved {
		return err
	}
	if err := announceTx(tx, c.ID); err != nil {
		return err
	}
	if err := s.tellInquirerTx(tx, c, to); err != nil {
		return err
	}
	return audit.Record(tx, audit.Entry{At: now, Action: "challenge." + string(to), Subject: c.ID, User: c.UserID, Client: c.ClientID})
}

// announceTx wakes the waiting page and every device that was asked.
func announceTx(tx *db.Tx, challengeID string) error {
	tx.Announce(challengeTopic(challengeID))
	asked, err := deliveriesTx(tx, challengeID)
	for _, d := range asked {
		tx.Announce(devices.Topic(d.DeviceID))
	}
	return err
}

func (s *Service) newChallengeTx(tx *db.Tx, ask Ask, scope string, now time.Time) (challenge, error) {
	network := throttle.Network(ask.Context.IP)
	place, _ := s.Places.Lookup(ask.Context.IP)
	if ask.Context.Place == "" {
		ask.Context.Place = place.String()
	}
	before, err := historyTx(tx, ask.UserID, ask.ClientID, network, place.CountryCode)
	if err != nil {
		return challenge{}, err
	}
	ask.Context.At = protocol.At(now)
	expires := now.Add(s.window())
	if ask.Inquiry {
		expires = earlier(ask.Until, now.Add(longestWindow))
	}
	return challenge{
		ID: random.ID("chl"), UserID: ask.UserID, LoginID: ask.LoginID, ClientID: ask.ClientID,
		Budget: scope, Browser: ask.Browser, State: Pending,
		Nonce:       base64.RawURLEncoding.EncodeToString(random.Bytes(32)),
		MatchDigits: ask.Demand.MatchDigits,
		Context:     db.JSON[protocol.Context]{V: ask.Context.Clean()},
		Network:     network,
		NewClient:   before.Any && !before.SameClient,
		NewNetwork:  before.Any && !before.SameNetwork && !ask.Inquiry,
		Country:     place.CountryCode,
		NewCountry:  before.Any && !before.SameCountry && place.CountryCode != "",
		CreatedAt:   db.At(now), ExpiresAt: db.At(expires),
	}, nil
}

// askableTx returns the active devices that are asked for this demand.
func (s *Service) askableTx(tx *db.Tx, ask Ask) (askable []devices.Device, err error) {
	all, err := s.Devices.ActiveTx(tx, ask.UserID)
	for _, d := range all {
		if ask.Demand.asks(d, s.now()) && (ask.Device == "" || ask.Device == d.ID) {
			askable = append(askable, d)
		}
	}
	return askable, err
}
