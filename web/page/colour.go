package page

import (
	"fmt"
	"math"
	"strconv"
)

// colour is an sRGB colour, each channel from 0 to 1.
type colour [3]float64

func parseColour(hex string) (colour, error) {
	if len(hex) != 7 || hex[0] != '#' {
		return colour{}, fmt.Errorf("colour %q is not of the form #rrggbb", hex)
	}
	n, err := strconv.ParseUint(hex[1:], 16, 32)
	if err != nil {
		return colour{}, fmt.Errorf("colour %q is not of the form #rrggbb", hex)
	}
	return colour{float64(n>>16) / 255, float64(n>>8&255) / 255, float64(n&255) / 255}, nil
}

func (c colour) String() string {
	return fmt.Sprintf("#%02x%02x%02x", channel(c[0]), channel(c[1]), channel(c[2]))
}

func channel(v float64) int { return int(math.Round(min(max(v, 0), 1) * 255)) }

// luminance is the relative luminance of WCAG 2.2.
func (c colour) luminance() float64 {
	linear := func(v float64) float64 {
		if v <= 0.04045 {
			return v / 12.92
		}
		return math.Pow((v+0.055)/1.055, 2.4)
	}
	return 0.2126*linear(c[0]) + 0.7152*linear(c[1]) + 0.0722*linear(c[2])
}

// contrast is the ratio of WCAG 2.2, from 1 to 21.
func contrast(a, b colour) float64 {
	la, lb := a.luminance(), b.luminance()
	return (max(la, lb) + 0.05) / (min(la, lb) + 0.05)
}

func (c colour) mix(other colour, share float64) colour {
	for i := range c {
		c[i] += (other[i] - c[i]) * share
	}
	return c
}

var (
	white = colour{1, 1, 1}
	black = colour{0, 0, 0}
)

// readableOn moves c towards black or white, whichever helps, until text in it can be read on the ground.
func (c colour) readableOn(ground colour) colour {
	towards := black
	if contrast(white, ground) > contrast(black, ground) {
		towards = white
	}
	out := c
	for share := 0.0; share <= 1; share += 0.04 {
		out = c.mix(towards, share)
		// Rounding to eight bits can cost a hundredth.
		if contrast(out, ground) >= 4.55 {
			return out
		}
	}
	return towards
}
