package webhook

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"
)

func TestTheSecretIsPrintedByNobody(t *testing.T) {
	s, err := ParseSecret("whsec_Y2FuYXJ5LWNhbmFyeS1jYW5hcnktY2FuYXJ5")
	if err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	for _, verb := range []string{"%s", "%v", "%+v", "%#v", "%q", "%x", "%d"} {
		fmt.Fprintf(&out, verb+" "+verb+"\n", s, Poster{Secret: s})
	}
	body, err := json.Marshal(map[string]any{"s": s})
	if err != nil {
		t.Fatal(err)
	}
	out.Write(body)
	slog.New(slog.NewJSONHandler(&out, nil)).Info("x", "secret", s, "poster", Poster{Secret: s})
	for _, canary := range []string{"canary", "63616e6172", "Y2FuYXJ5", "99 97 110"} {
		if strings.Contains(out.String(), canary) {
			t.Errorf("%q got out:\n%s", canary, out.String())
		}
	}
}
