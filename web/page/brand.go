package page

import (
	"fmt"
	"strings"
)

// What an organisation's colours have to be readable with: the same as in tokens.css, checked by a test.
const (
	lightCard = "#ffffff"
	darkCard  = "#171d1b"
	softText  = "#5b6763"
)

// style redefines the intents that an organisation chose. What it chose is kept in hue and made readable in
// lightness, in both schemes, so that no setting can produce a button nobody can read.
func (b Brand) style() ([]byte, error) {
	var css strings.Builder
	if b.Accent != "" {
		accent, err := parseColour(b.Accent)
		if err != nil {
			return nil, fmt.Errorf("brand accent: %w", err)
		}
		fmt.Fprintf(&css, ":root {\n%s}\n", accentRules(accent, lightCard))
		fmt.Fprintf(&css, "@media (prefers-color-scheme: dark) {\n:root {\n%s}\n}\n", accentRules(accent, darkCard))
	}
	if b.Ground != "" {
		ground, err := parseColour(b.Ground)
		if err != nil {
			return nil, fmt.Errorf("brand ground: %w", err)
		}
		soft, _ := parseColour(softText)
		fmt.Fprintf(&css, "@media (prefers-color-scheme: light) {\n:root {\n\t--ground: %s;\n\t--on-ground: %s;\n}\n}\n",
			ground, soft.readableOn(ground))
	}
	return []byte(css.String()), nil
}

func accentRules(accent colour, cardHex string) string {
	card, _ := parseColour(cardHex)
	tint := card.mix(accent, 0.1)
	// The accent is read on the card and on its own tint, which is the harder of the two.
	accent = accent.readableOn(tint)
	on := white
	if contrast(black, accent) > contrast(white, accent) {
		on = black
	}
	return fmt.Sprintf("\t--accent: %s;\n\t--accent-strong: %s;\n\t--on-accent: %s;\n\t--tint: %s;\n\t--ring: %s;\n",
		accent, accent.mix(on, -0.12), on, tint, card.mix(accent, 0.4))
}
