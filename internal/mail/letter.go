package mail

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"fmt"
	"regexp"
	"strings"
	"sync"
	"unicode"
)

// english is the catalogue: every letter by its kind. A translation is another file
// beside it with the same kinds.
//
//go:embed texts/en.json
var english []byte

// letter is a text with gaps such as {name}.
type letter struct {
	Subject string   `json:"subject"`
	Text    []string `json:"text"` // paragraphs
}

var letters = sync.OnceValues(func() (all map[string]letter, err error) {
	decoder := json.NewDecoder(bytes.NewReader(english))
	decoder.DisallowUnknownFields()
	err = decoder.Decode(&all)
	return all, err
})

var gap = regexp.MustCompile(`\{[a-z]+\}`)

// Gaps are what a letter is filled in with, by the names of its gaps.
type Gaps map[string]string

// Write makes the letter of a kind to an address. A paragraph whose gap has nothing to
// say is left out; a gap that nobody speaks of is an error.
func Write(kind, to string, gaps Gaps) (Message, error) {
	all, err := letters()
	if err != nil {
		return Message{}, fmt.Errorf("read the letters: %w", err)
	}
	l, found := all[kind]
	if !found {
		return Message{}, fmt.Errorf("there is no letter of kind %q", kind)
	}
	subject, _, err := fill(l.Subject, gaps)
	if err != nil {
		return Message{}, err
	}
	var paragraphs []string
	for _, p := range l.Text {
		text, empty, err := fill(p, gaps)
		if err != nil {
			return Message{}, err
		}
		if !empty {
			paragraphs = append(paragraphs, text)
		}
	}
	return Message{To: to, Subject: subject, Text: strings.Join(paragraphs, "\n\n") + "\n"}, nil
}

func fill(text string, gaps Gaps) (filled string, empty bool, err error) {
	filled = gap.ReplaceAllStringFunc(text, func(g string) string {
		value, known := gaps[strings.Trim(g, "{}")]
		if !known {
			err = fmt.Errorf("a letter has the gap %s, of which nothing is known", g)
		}
		empty = empty || value == ""
		return oneLine(value)
	})
	return filled, empty, err
}

// oneLine keeps what people and browsers call things from looking like lines of ours.
func oneLine(s string) string {
	return strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return ' '
		}
		return r
	}, s)
}

// Known reports whether there is a letter of a kind.
func Known(kind string) bool {
	all, err := letters()
	_, found := all[kind]
	return err == nil && found
}
