package e2e

import (
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

type printedKey struct {
	KID   string `json:"kid"`
	Alg   string `json:"alg"`
	State string `json:"state"`
}

// publishes waits until the running server's key set does or does not hold a key.
func (i *installation) publishes(kid string, want bool) {
	i.t.Helper()
	for range 100 {
		res, err := http.Get(i.issuer + "/.well-known/jwks.json")
		if err != nil {
			i.t.Fatal(err)
		}
		set, err := io.ReadAll(res.Body)
		_ = res.Body.Close()
		if err != nil {
			i.t.Fatal(err)
		}
		if strings.Contains(string(set), `"`+kid+`"`) == want {
			return
		}
		time.Sleep(20 * time.Millisecond)
	}
	i.t.Errorf("key %s: published %v, want %v", kid, !want, want)
}

func TestARunningServerFollowsTheKeysThatCommandsChange(t *testing.T) {
	i := install(t)
	i.config = filepath.Join(t.TempDir(), "nod.yaml")
	if err := os.WriteFile(i.config, []byte("outbound_allow: [10.1.0.0/16, keys.lan]\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	i.start()
	if log := i.log.String(); !strings.Contains(log, "keys.lan") || !strings.Contains(log, "10.1.0.0/16") {
		t.Errorf("the log does not name what may be called although it is private:\n%s", log)
	}
	var all, next, fresh []printedKey
	i.must(&all, "", "keys", "list", "--json", "--data", i.data)
	if len(all) != 3 {
		t.Fatalf("got %v, want three keys", all)
	}
	i.must(&next, "", "keys", "rotate", "--alg", "ES256", "--json", "--data", i.data)
	i.publishes(next[0].KID, true)
	i.must(&fresh, "", "keys", "rotate", "--alg", "ES256", "--emergency", "--yes", "--json", "--data", i.data)
	i.publishes(fresh[0].KID, true)
	i.publishes(next[0].KID, false)
	for _, k := range all {
		i.publishes(k.KID, k.Alg != "ES256")
	}
}
