package config

import (
	"slices"
	"strings"

	"github.com/nod-idp/nod/devices"
	"github.com/nod-idp/nod/devices/push"
	"github.com/nod-idp/nod/internal/outbound"
)

// many reports whether a setting holds several values, so that each use of its flag adds
// one.
func (v value) many() bool {
	return slices.Contains([]string{"networks", "hosts", "places", "addresses", "urls"}, v.kind)
}

// list holds several texts, separated by commas.
func list(to *[]string, kind, allowed string, fine func([]string) bool) value {
	return value{kind, allowed, func(s string) bool {
		*to = nil
		if s == "" {
			return true
		}
		for part := range strings.SplitSeq(s, ",") {
			*to = append(*to, strings.TrimSpace(part))
		}
		return fine(*to)
	}, func() string { return strings.Join(*to, ",") }}
}

// choice is one of a few words.
func choice(to *string, words ...string) value {
	return text(to, "word", "one of "+strings.Join(words, ", "), func(s string) bool { return slices.Contains(words, s) })
}

func verifications() (words []string) {
	for _, rule := range devices.Rules() {
		words = append(words, string(rule))
	}
	return words
}

func pushHosts(hosts []string) bool {
	_, err := push.ParseHosts(hosts)
	return err == nil
}

func outboundAllow(places []string) bool {
	_, err := outbound.ParseAllow(places)
	return err == nil
}
