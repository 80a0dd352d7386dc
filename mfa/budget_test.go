package mfa

import (
	"errors"
	"testing"
	"time"
)

func TestTheWaitDoublesFromTenSecondsToAnHour(t *testing.T) {
	for spent, want := range map[int]time.Duration{
		0: 0, 1: 10 * time.Second, 2: 20 * time.Second, 3: 40 * time.Second, 9: 2560 * time.Second, 10: time.Hour, 1000: time.Hour,
	} {
		if got := promptWait(spent); got != want {
			t.Errorf("after %d: got %v, want %v", spent, got, want)
		}
	}
}

func TestThreePromptsInTenMinutesPausePush(t *testing.T) {
	at := func(m, s int) time.Time {
		return time.Unix(1_700_000_000, 0).Add(time.Duration(m)*time.Minute + time.Duration(s)*time.Second)
	}
	for name, tc := range map[string]struct {
		prompts []time.Time
		paused  bool
	}{
		"two":                        {[]time.Time{at(0, 0), at(1, 0)}, false},
		"three within ten minutes":   {[]time.Time{at(0, 0), at(5, 0), at(9, 59)}, true},
		"three over ten minutes":     {[]time.Time{at(0, 0), at(5, 0), at(10, 0)}, false},
		"the last three of four":     {[]time.Time{at(0, 0), at(20, 0), at(25, 0), at(29, 0)}, true},
		"one an hour, many times":    {[]time.Time{at(0, 0), at(60, 0), at(120, 0), at(180, 0)}, false},
		"three in half a minute and": {[]time.Time{at(0, 0), at(0, 10), at(0, 30)}, true},
	} {
		var b budget
		for _, p := range tc.prompts {
			b = b.spend(p)
		}
		if got := errors.Is(b.allows(at(999, 0)), ErrPaused); got != tc.paused {
			t.Errorf("%s: got paused %v, want %v", name, got, tc.paused)
		}
	}
}

func TestAPromptTooEarlyIsToldUntilWhen(t *testing.T) {
	now := time.Unix(1_700_000_000, 0)
	b := budget{}.spend(now)
	var wait *WaitError
	if err := b.allows(now.Add(9 * time.Second)); !errors.As(err, &wait) || !wait.Until.Equal(now.Add(10*time.Second)) {
		t.Errorf("got %v", err)
	}
	if err := b.allows(now.Add(10 * time.Second)); err != nil {
		t.Errorf("after the wait: got %v", err)
	}
}
