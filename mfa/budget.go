package mfa

import (
	"fmt"
	"time"
)

// Prompt limits (the design's section 7). Every prompt that was sent counts until
// one is approved, whether it was denied, superseded or left alone.
const (
	firstPromptWait   = 10 * time.Second
	longestPromptWait = time.Hour
	pauseWindow       = 10 * time.Minute // the third prompt within this pauses push
)

// unknownBrowsers is the budget that all browsers share which never completed a
// whole login of this person.
const unknownBrowsers = "unknown"

func budgetScope(knownBrowser string) string {
	if knownBrowser == "" {
		return unknownBrowsers
	}
	return "browser:" + knownBrowser
}

// budget is what one person's prompts from one kind of browser have used up.
type budget struct {
	Spent      int
	Last       time.Time // when the last prompt was sent
	BeforeLast time.Time
	Paused     time.Time // when push was paused, zero if it is not
}

// WaitError refuses a prompt until a moment.
type WaitError struct {
	Until time.Time
	// Elsewhere tells that another browser's request is open on the person's devices.
	Elsewhere bool
}

// Error describes the refusal for the log.
func (e *WaitError) Error() string {
	return "the next prompt has to wait until " + e.Until.UTC().Format(time.RFC3339)
}

// ErrPaused refuses prompts until a second factor other than push succeeds.
var ErrPaused = fmt.Errorf("push is paused after too many prompts that were not approved")

// allows returns nil, *WaitError or ErrPaused.
func (b budget) allows(now time.Time) error {
	if !b.Paused.IsZero() {
		return ErrPaused
	}
	if b.Spent == 0 {
		return nil
	}
	if until := b.Last.Add(promptWait(b.Spent)); now.Before(until) {
		return &WaitError{Until: until}
	}
	return nil
}

// spend is the budget after one more prompt.
func (b budget) spend(now time.Time) budget {
	next := budget{Spent: b.Spent + 1, Last: now, BeforeLast: b.Last}
	if !b.BeforeLast.IsZero() && now.Sub(b.BeforeLast) < pauseWindow {
		next.Paused = now
	}
	return next
}

// promptWait is the pause after the nth prompt that was not approved.
func promptWait(spent int) time.Duration {
	if spent < 1 {
		return 0
	}
	return min(longestPromptWait, firstPromptWait<<min(spent-1, 16))
}
