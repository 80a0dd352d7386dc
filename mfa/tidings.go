package mfa

import (
	"context"
	"fmt"
	"strings"
	"time"
)

// Tidings is what the event stream of a waiting page is made of: nothing that is worth
// stealing.
type Tidings struct {
	State    State
	Progress Progress
	EndsAt   time.Time // when the state runs out by itself, zero if it does not
}

// StateOf returns what the event stream of the waiting page tells.
func (s *Service) StateOf(ctx context.Context, loginID, challengeID string) (Tidings, error) {
	rows, err := s.standing(ctx, loginID, challengeID)
	if err != nil {
		return Tidings{}, fmt.Errorf("watch a challenge: %w", err)
	}
	if len(rows) == 0 {
		return Tidings{State: Expired, Progress: Queued}, nil
	}
	asked := make([]delivery, 0, len(rows))
	for _, r := range rows {
		if r.DeviceID != nil {
			asked = append(asked, delivery{State: *r.Progress, Failure: *r.Failure})
		}
	}
	c := challenge{State: rows[0].State, ExpiresAt: rows[0].ExpiresAt, FinishBy: rows[0].FinishBy}
	t := Tidings{State: c.stateAt(s.now()), Progress: furthest(asked)}
	switch t.State {
	case Pending:
		t.EndsAt = c.ExpiresAt.Time
	case Approved:
		t.EndsAt = c.FinishBy.Time
	}
	return t, nil
}

// How often Follow looks.
const (
	followEvery = 2 * time.Second
	// followRest is how many times as long as a look took nobody looks again.
	followRest = 10
)

// inDoubt is a topic that nobody announces: who waits for it is woken only when something
// may have changed that nobody announced.
const inDoubt = "challenges in doubt"

// Follow wakes those who watch a challenge that moved without an announcement, until ctx
// ends: one look at the rows of all that are pending, for however many pages wait. It looks when the database cannot
// tell what others wrote and, where an announcement can be lost, every two seconds.
func (s *Service) Follow(ctx context.Context) {
	doubt := s.DB.Subscribe(inDoubt)
	defer doubt.Close()
	var tick <-chan time.Time
	if !s.DB.Certain() {
		ticker := time.NewTicker(followEvery)
		defer ticker.Stop()
		tick = ticker.C
	}
	var before map[string]uint64
	for {
		select {
		case <-ctx.Done():
			return
		case _, open := <-doubt.C:
			if !open {
				return
			}
		case <-tick:
		}
		began := time.Now()
		watched := s.DB.Awaited(challengeTopics) // before the rows are read, so that none of them is newer
		if len(watched) == 0 {
			before = nil
			continue
		}
		if now, err := s.pendingNow(ctx); err == nil { // if not, the next look finds it
			s.DB.Wake(moved(watched, before, now)...)
			before = now
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(followRest * time.Since(began)):
		}
	}
}

// moved returns those of the watched challenges that are not as they were, were not seen
// before, or are not pending, which whoever watches them may not know.
func moved(watched []string, before, now map[string]uint64) (topics []string) {
	for _, topic := range watched {
		id := strings.TrimPrefix(topic, challengeTopics)
		was, known := before[id]
		is, pending := now[id]
		if !known || !pending || was != is {
			topics = append(topics, topic)
		}
	}
	return topics
}

// pendingNow returns a fingerprint of how far each pending challenge has come.
func (s *Service) pendingNow(ctx context.Context) (map[string]uint64, error) {
	rows, err := s.pendingDeliveries(ctx)
	if err != nil {
		return nil, err
	}
	all := make(map[string]uint64, len(rows))
	for _, r := range rows {
		all[r.ID] += r.print() // in whichever order they come
	}
	return all, nil
}
