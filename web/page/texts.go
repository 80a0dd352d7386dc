package page

import (
	"embed"
	"encoding/json"
	"fmt"
	"io/fs"
	"time"
)

// english is the catalogue, one file for each group of pages. A translation is another
// folder beside it with the same keys.
//
//go:embed texts/en/*.json
var english embed.FS

// texts is the catalogue: every sentence that a page can show, by its key.
type texts map[string]string

func readTexts() (texts, error) {
	files, err := fs.Glob(english, "texts/en/*.json")
	if err != nil {
		return nil, fmt.Errorf("read texts: %w", err)
	}
	all := texts{}
	for _, file := range files {
		content, err := english.ReadFile(file)
		if err != nil {
			return nil, fmt.Errorf("read texts: %w", err)
		}
		var group texts
		if err := json.Unmarshal(content, &group); err != nil {
			return nil, fmt.Errorf("read texts: %s: %w", file, err)
		}
		for key, sentence := range group {
			if _, twice := all[key]; twice {
				return nil, fmt.Errorf("read texts: %s: %q is there a second time", file, key)
			}
			all[key] = sentence
		}
	}
	return all, nil
}

// text returns the sentence for key with its gaps filled in. An unknown key is an error, never an empty page.
func (t texts) text(key string, values ...any) (string, error) {
	sentence, found := t[key]
	if !found {
		return "", fmt.Errorf("no text %q", key)
	}
	if len(values) == 0 {
		return sentence, nil
	}
	return fmt.Sprintf(sentence, values...), nil
}

// Text returns a sentence of the catalogue for use outside of templates. The key must be a literal, so that the
// tests can see that it exists; an unknown one returns the key itself.
func (s *Site) Text(key string, values ...any) string {
	sentence, err := s.texts.text(key, values...)
	if err != nil {
		return key
	}
	return sentence
}

// Words says how long something takes, roundly and never too short: "40 seconds", "9 minutes", "2 hours".
func (s *Site) Words(d time.Duration) string {
	seconds := int((max(d, 0) + time.Second - 1) / time.Second)
	minutes := (seconds + 59) / 60
	switch {
	case seconds == 1:
		return s.Text("time.second")
	case seconds < 60:
		return s.Text("time.seconds", seconds)
	case minutes == 1:
		return s.Text("time.minute")
	case minutes < 90:
		return s.Text("time.minutes", minutes)
	}
	return s.Text("time.hours", (minutes+59)/60)
}

// Clock is a duration as a person reads it off a timer: "1:42".
func Clock(d time.Duration) string {
	seconds := int((max(d, 0) + time.Second - 1) / time.Second)
	return fmt.Sprintf("%d:%02d", seconds/60, seconds%60)
}
