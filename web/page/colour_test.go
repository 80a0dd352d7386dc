package page

import (
	"fmt"
	"math"
	"os"
	"regexp"
	"strings"
	"testing"
)

var (
	property = regexp.MustCompile(`(--[a-z0-9-]+):\s*([^;]+);`)
	variable = regexp.MustCompile(`^var\((--[a-z0-9-]+)\)$`)
)

// intents reads the custom properties of a style sheet as the light and the dark scheme see them.
func intents(css string) (light, dark map[string]string) {
	bright, night, _ := strings.Cut(css, "@media (prefers-color-scheme: dark)")
	light, dark = map[string]string{}, map[string]string{}
	for _, m := range property.FindAllStringSubmatch(bright, -1) {
		light[m[1]], dark[m[1]] = m[2], m[2]
	}
	for _, m := range property.FindAllStringSubmatch(night, -1) {
		dark[m[1]] = m[2]
	}
	return light, dark
}

func resolve(t *testing.T, values map[string]string, name string) colour {
	t.Helper()
	value, found := values["--"+name]
	if !found {
		t.Fatalf("no intent --%s", name)
	}
	if m := variable.FindStringSubmatch(value); m != nil {
		return resolve(t, values, strings.TrimPrefix(m[1], "--"))
	}
	c, err := parseColour(value)
	if err != nil {
		t.Fatalf("--%s: %v", name, err)
	}
	return c
}

func readStatic(t *testing.T, name string) string {
	t.Helper()
	body, err := os.ReadFile("static/" + name)
	if err != nil {
		t.Fatal(err)
	}
	return string(body)
}

// pairs are what is drawn on what: 4.5 for text, 3 for the edges of controls (WCAG 2.2, 1.4.3 and 1.4.11).
var pairs = []struct {
	front, back string
	least       float64
}{
	{"ink", "card", 4.5}, {"ink", "ground", 4.5}, {"ink", "tint", 4.5},
	{"soft", "card", 4.5}, {"soft", "ground", 4.5}, {"soft", "tint", 4.5}, {"on-ground", "ground", 4.5},
	{"accent", "card", 4.5}, {"accent", "tint", 4.5},
	{"on-accent", "accent", 4.5}, {"on-accent", "accent-strong", 4.5},
	{"danger", "card", 4.5}, {"danger", "danger-tint", 4.5},
	{"warning", "card", 4.5}, {"warning", "warning-tint", 4.5},
	{"edge", "card", 3},
}

func TestEveryPairOfIntentsCanBeRead(t *testing.T) {
	light, dark := intents(readStatic(t, "tokens.css"))
	for scheme, values := range map[string]map[string]string{"light": light, "dark": dark} {
		for _, pair := range pairs {
			if got := contrast(resolve(t, values, pair.front), resolve(t, values, pair.back)); got < pair.least {
				t.Errorf("%s: %s on %s has a contrast of %.2f, want %.1f", scheme, pair.front, pair.back, got, pair.least)
			}
		}
	}
}

func TestTheLetterOnEveryTileCanBeRead(t *testing.T) {
	tiles := regexp.MustCompile(`(?s)\.tile[-0-9]* \{[^}]*background: (#[0-9a-f]{6});`).FindAllStringSubmatch(readStatic(t, "card.css"), -1)
	seen := 0
	for _, tile := range tiles {
		if tile[1] == "#ffffff" {
			continue // under a logo
		}
		seen++
		c, err := parseColour(tile[1])
		if err != nil || contrast(white, c) < 4.5 {
			t.Errorf("white on %s has a contrast of %.2f, %v", tile[1], contrast(white, c), err)
		}
	}
	if seen != 6 {
		t.Errorf("got %d tiles, want 6", seen)
	}
}

func TestABrandIsKnownToTheCards(t *testing.T) {
	light, dark := intents(readStatic(t, "tokens.css"))
	if got := resolve(t, light, "card").String(); got != lightCard {
		t.Errorf("light card: got %s in tokens.css, %s in brand.go", got, lightCard)
	}
	if got := resolve(t, dark, "card").String(); got != darkCard {
		t.Errorf("dark card: got %s in tokens.css, %s in brand.go", got, darkCard)
	}
	if got := resolve(t, light, "soft").String(); got != softText {
		t.Errorf("soft: got %s in tokens.css, %s in brand.go", got, softText)
	}
}

func TestNoAccentAnOrganisationChoosesMakesAnUnreadablePage(t *testing.T) {
	tokens := readStatic(t, "tokens.css")
	for _, chosen := range []string{"#000000", "#ffffff", "#ffff00", "#0000ff", "#808080", "#00ff7f", "#ff0000", "#777777", "#123456", "#fedcba"} {
		style, err := Brand{Accent: chosen, Ground: chosen}.style()
		if err != nil {
			t.Fatal(err)
		}
		light, dark := intents(tokens)
		// The brand's blocks in order: accent light, accent dark, ground in the light scheme only.
		brandLight, rest, _ := strings.Cut(string(style), "@media (prefers-color-scheme: dark)")
		brandDark, brandGround, _ := strings.Cut(rest, "@media (prefers-color-scheme: light)")
		for _, m := range property.FindAllStringSubmatch(brandLight+brandGround, -1) {
			light[m[1]] = m[2]
		}
		for _, m := range property.FindAllStringSubmatch(brandDark, -1) {
			dark[m[1]] = m[2]
		}
		for scheme, values := range map[string]map[string]string{"light": light, "dark": dark} {
			for _, pair := range pairs {
				if pair.back == "ground" && pair.front != "on-ground" {
					continue // only the footer is drawn on a ground of their own choice
				}
				if got := contrast(resolve(t, values, pair.front), resolve(t, values, pair.back)); got < pair.least {
					t.Errorf("%s, %s: %s on %s has a contrast of %.2f, want %.1f", chosen, scheme, pair.front, pair.back, got, pair.least)
				}
			}
		}
	}
}

func TestAColourIsSixHexDigits(t *testing.T) {
	for _, bad := range []string{"", "red", "#fff", "#gggggg", "0b6b54", "#0b6b54;}", "#+b6b54"} {
		if _, err := New(Brand{Accent: bad + " "}); err == nil {
			t.Errorf("accent %q: got no error, want one", bad)
		}
		if _, err := New(Brand{Ground: bad + " "}); err == nil {
			t.Errorf("ground %q: got no error, want one", bad)
		}
	}
}

func TestContrastIsThatOfTheStandard(t *testing.T) {
	for _, row := range []struct {
		a, b string
		want float64
	}{{"#000000", "#ffffff", 21}, {"#777777", "#ffffff", 4.48}, {"#ffffff", "#ffffff", 1}, {"#0b6b54", "#ffffff", 6.44}} {
		a, _ := parseColour(row.a)
		b, _ := parseColour(row.b)
		if got := contrast(a, b); math.Abs(got-row.want) > 0.05 {
			t.Errorf("%s on %s: got %.2f, want %.2f", row.a, row.b, got, row.want)
		}
		if fmt.Sprint(a) != row.a {
			t.Errorf("got %s, want %s", a, row.a)
		}
	}
}

func FuzzAnAccentIsMadeReadable(f *testing.F) {
	f.Add(uint8(255), uint8(255), uint8(0))
	f.Fuzz(func(t *testing.T, r, g, b uint8) {
		chosen := fmt.Sprintf("#%02x%02x%02x", r, g, b)
		style, err := Brand{Accent: chosen}.style()
		if err != nil {
			t.Fatal(err)
		}
		bright, night, _ := strings.Cut(string(style), "@media")
		for _, block := range []string{bright, night} {
			values := map[string]string{}
			for _, m := range property.FindAllStringSubmatch(block, -1) {
				values[m[1]] = m[2]
			}
			for _, pair := range [][2]string{{"accent", "tint"}, {"on-accent", "accent"}, {"on-accent", "accent-strong"}} {
				if got := contrast(resolve(t, values, pair[0]), resolve(t, values, pair[1])); got < 4.5 {
					t.Errorf("%s: %s on %s has %.2f", chosen, pair[0], pair[1], got)
				}
			}
		}
	})
}
