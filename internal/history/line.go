package history

import (
	"math/rand/v2"
	"sync"
)

// Line is what clients know of one family's refresh tokens: the first, its successor, and so
// on.
type Line struct {
	name string

	mu     sync.Mutex
	tokens []string
	access string
}

// NewLine begins with what came with the grant.
func NewLine(refresh, access string) *Line {
	return &Line{name: refresh, tokens: []string{refresh}, access: access}
}

// Name is a name for the family.
func (l *Line) Name() string { return l.name }

// Access is the access token that came last.
func (l *Line) Access() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.access
}

// Some returns one of the refresh tokens and its number, mostly one of the latest.
func (l *Line) Some(dice *rand.Rand) (number int, refresh string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	number = len(l.tokens) - 1
	switch n := dice.IntN(20); {
	case n == 0:
		number -= 2
	case n < 6:
		number--
	}
	number = max(0, number)
	return number, l.tokens[number]
}

// Learn notes what a token was exchanged for, and returns the successor's number: -1 if the
// token has another successor already, or if the successor is known as something else.
func (l *Line) Learn(parent int, refresh, access string) (number int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.access = access
	for number, known := range l.tokens {
		if known == refresh && number != parent+1 {
			return -1
		}
	}
	if len(l.tokens) == parent+1 {
		l.tokens = append(l.tokens, refresh)
	}
	if l.tokens[parent+1] != refresh {
		return -1
	}
	return parent + 1
}
