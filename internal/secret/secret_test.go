package secret

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"
)

func TestASecretPrintsAsStars(t *testing.T) {
	secret := Text("canary")
	nested := struct {
		S Text
		P *Text
		M map[string]Text
	}{secret, &secret, map[string]Text{"key": secret}}
	var out strings.Builder
	for _, verb := range []string{"%s", "%v", "%+v", "%#v", "%q", "%x", "%X", "%d", "%10s"} {
		fmt.Fprintf(&out, verb+"\n", secret)
		fmt.Fprintf(&out, verb+"\n", struct{ S Text }{secret})
	}
	body, err := json.Marshal(nested)
	if err != nil {
		t.Fatal(err)
	}
	out.Write(body)
	slog.New(slog.NewJSONHandler(&out, nil)).Info("x", "secret", secret, "nested", nested)
	slog.New(slog.NewTextHandler(&out, nil)).Info("x", "secret", secret, "error", fmt.Errorf("with %v", secret))
	if text := strings.ToLower(out.String()); strings.Contains(text, "canary") || strings.Contains(text, "63616e617279") {
		t.Errorf("a canary got out:\n%s", out.String())
	}
	if secret.Reveal() != "canary" {
		t.Error("want the text when asked for")
	}
}
