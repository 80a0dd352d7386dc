package page

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// sources reads every file under web with one of the endings, tests excepted.
func sources(t *testing.T, endings ...string) map[string]string {
	t.Helper()
	found := map[string]string{}
	err := filepath.WalkDir("..", func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || strings.HasSuffix(path, "_test.go") {
			return err
		}
		for _, ending := range endings {
			if strings.HasSuffix(path, ending) {
				body, err := os.ReadFile(path)
				if err != nil {
					return err
				}
				found[path] = string(body)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

func TestNothingIsInline(t *testing.T) {
	forbidden := map[string]*regexp.Regexp{
		"an inline style":   regexp.MustCompile(`(?i)\sstyle\s*=|<style`),
		"an inline handler": regexp.MustCompile(`(?i)<[^>]*\son[a-z]+\s*=`),
		"a javascript URL":  regexp.MustCompile(`(?i)javascript:`),
		"a foreign file":    regexp.MustCompile(`(?i)(src|href)\s*=\s*"(https?:)?//`),
		"a data URL":        regexp.MustCompile(`(?i)"data:`),
	}
	script := regexp.MustCompile(`(?i)<script\b[^>]*>`)
	for path, html := range sources(t, ".html") {
		for what, pattern := range forbidden {
			if m := pattern.FindString(html); m != "" {
				t.Errorf("%s holds %s: %s", path, what, m)
			}
		}
		for _, tag := range script.FindAllString(html, -1) {
			if !strings.Contains(tag, " src=") {
				t.Errorf("%s holds an inline script", path)
			}
		}
	}
}

func TestNoSourceTrustsMarkup(t *testing.T) {
	// template.URL is used once, for a redirect URI that was checked.
	for path, source := range sources(t, ".go") {
		for _, trust := range []string{"template.HTML", "template.JS", "template.CSS", "template.HTMLAttr", "template.Srcset"} {
			if strings.Contains(source, trust) {
				t.Errorf("%s uses %s", path, trust)
			}
		}
	}
	for path, source := range sources(t, ".js") {
		for _, sink := range []string{"innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(", "new Function", ".style."} {
			if strings.Contains(source, sink) {
				t.Errorf("%s uses %s", path, sink)
			}
		}
	}
}

func TestStyleSheetsUseIntentsAndNoShortcuts(t *testing.T) {
	ids := regexp.MustCompile(`(?m)^[^{};:]*#[a-zA-Z][\w-]*[^{};]*\{`)
	palette := regexp.MustCompile(`var\(--(stone|paper|pine|green|red|amber|night|mist|mint|coral|sand)\b`)
	for path, css := range sources(t, ".css") {
		if strings.Contains(css, "!important") {
			t.Errorf("%s uses !important", path)
		}
		if m := ids.FindString(css); m != "" {
			t.Errorf("%s selects by id: %s", path, m)
		}
		if filepath.Base(path) != "tokens.css" {
			if m := palette.FindString(css); m != "" {
				t.Errorf("%s uses the palette and not an intent: %s", path, m)
			}
		}
		if m := regexp.MustCompile(`(?m)^\s*(margin|padding|border|inset)?-?(left|right|top|bottom)\b.*:`).FindString(css); m != "" {
			t.Errorf("%s uses a physical property: %s", path, m)
		}
	}
}

func TestEveryTextExistsAndIsUsed(t *testing.T) {
	texts, err := readTexts()
	if err != nil {
		t.Fatal(err)
	}
	inTemplate := regexp.MustCompile(`\btext "([^"]+)"`)
	inGo := regexp.MustCompile(`\.Text\("([^"]+)"`)
	used := map[string]bool{}
	for path, source := range sources(t, ".html") {
		for _, m := range inTemplate.FindAllStringSubmatch(source, -1) {
			used[m[1]] = true
			if _, found := texts[m[1]]; !found {
				t.Errorf("%s uses %q, which is not in the catalogue", path, m[1])
			}
		}
	}
	for path, source := range sources(t, ".go") {
		for _, m := range inGo.FindAllStringSubmatch(source, -1) {
			used[m[1]] = true
			if _, found := texts[m[1]]; !found {
				t.Errorf("%s uses %q, which is not in the catalogue", path, m[1])
			}
		}
		if regexp.MustCompile(`\.Text\([^")]`).MatchString(source) && !strings.HasSuffix(path, "texts.go") {
			t.Errorf("%s looks up a text by a key that is no literal", path)
		}
	}
	for key, sentence := range texts {
		if !used[key] {
			t.Errorf("no page uses %q", key)
		}
		if strings.Contains(sentence, "!") || strings.Contains(strings.ToLower(sentence), "invalid") || strings.Contains(sentence, "'") {
			t.Errorf("%s does not sound like us: %s", key, sentence)
		}
	}
}
