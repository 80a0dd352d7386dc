package app

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/nod-idp/nod/web/page"
)

// screens returns every template of the document by its id.
func screens(t *testing.T) map[string]string {
	t.Helper()
	_, document := get(t, newMux(t, page.Brand{Name: "Northwind"}), Home)
	all := map[string]string{}
	for _, m := range regexp.MustCompile(`(?s)<template id="([\w-]+)">(.*?)</template>`).FindAllStringSubmatch(document, -1) {
		if _, twice := all[m[1]]; twice {
			t.Errorf("two templates are named %s", m[1])
		}
		all[m[1]] = m[2]
	}
	return all
}

// scripts returns the text of every script of the screens.
func scripts(t *testing.T) map[string]string {
	t.Helper()
	files, err := filepath.Glob("static/app/ui/*.js")
	if err != nil || len(files) == 0 {
		t.Fatalf("no scripts: %v", err)
	}
	all := map[string]string{}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		all[file] = string(text)
	}
	return all
}

func TestEveryScreenHasOneStateOneHeadingAndNoIDTwice(t *testing.T) {
	for name, html := range screens(t) {
		screen, found := strings.CutPrefix(name, "screen-")
		if !found {
			continue
		}
		if strings.Count(html, "<main ") != 1 || !strings.Contains(html, `<main data-state="`+screen+`"`) {
			t.Errorf("%s: got no one main element with its state", name)
		}
		if !regexp.MustCompile(`<h1 tabindex="-1"`).MatchString(html) {
			t.Errorf("%s has no heading that can take the focus", name)
		}
		ids := map[string]bool{}
		for _, m := range regexp.MustCompile(`\bid="([^"]+)"`).FindAllStringSubmatch(html, -1) {
			if ids[m[1]] {
				t.Errorf("%s has two elements %s", name, m[1])
			}
			ids[m[1]] = true
		}
		for _, m := range regexp.MustCompile(`\b(?:for|form|aria-labelledby|aria-describedby)="([^"]+)"`).FindAllStringSubmatch(html, -1) {
			for _, id := range strings.Fields(m[1]) {
				if !ids[id] {
					t.Errorf("%s refers to %s, which it does not have", name, id)
				}
			}
		}
		for _, input := range regexp.MustCompile(`<input [^>]*id="([^"]+)"`).FindAllStringSubmatch(html, -1) {
			if !strings.Contains(html, `<label for="`+input[1]+`"`) {
				t.Errorf("%s: %s has no label", name, input[1])
			}
		}
	}
}

func TestEveryScreenAndEveryWordThatAScriptNamesIsThere(t *testing.T) {
	all := screens(t)
	words := map[string]bool{}
	for _, m := range regexp.MustCompile(`<data value="([^"]+)">`).FindAllStringSubmatch(all["words"], -1) {
		words[m[1]] = false
	}
	shown := map[string]bool{}
	for file, text := range scripts(t) {
		for _, m := range regexp.MustCompile(`\bshow\("([\w-]+)"`).FindAllStringSubmatch(text, -1) {
			shown["screen-"+m[1]] = true
			if all["screen-"+m[1]] == "" {
				t.Errorf("%s shows %s, which is no screen", file, m[1])
			}
		}
		for word := range words {
			if strings.Contains(text, `"`+word+`"`) {
				words[word] = true
			}
		}
		for _, m := range regexp.MustCompile(`\bword\("([\w-]+)"`).FindAllStringSubmatch(text, -1) {
			if _, found := words[m[1]]; !found {
				t.Errorf("%s says %q, for which there is no sentence", file, m[1])
			}
		}
	}
	for name := range all {
		if strings.HasPrefix(name, "screen-") && !shown[name] {
			t.Errorf("nothing shows %s", name)
		}
	}
	for word, used := range words {
		if !used {
			t.Errorf("nothing says %q", word)
		}
	}
}

func TestEveryElementThatAScriptWorksIsOnAScreen(t *testing.T) {
	var document strings.Builder
	for _, html := range screens(t) {
		document.WriteString(html)
	}
	for file, text := range scripts(t) {
		for _, m := range regexp.MustCompile(`\bscreen\.(?:on|find)\("([\w-]+)"`).FindAllStringSubmatch(text, -1) {
			if !strings.Contains(document.String(), `id="`+m[1]+`"`) {
				t.Errorf("%s works %s, which is on no screen", file, m[1])
			}
		}
	}
}
