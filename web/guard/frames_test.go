package guard

import (
	"net/http/httptest"
	"strings"
	"testing"
)

func TestOnlyTheOriginsOfTheTargetsMayBeFramed(t *testing.T) {
	w := httptest.NewRecorder()
	pageHeaders(w.Header())
	if err := AllowFramesOf(w, "https://a.example/out?x=;y", "https://a.example/again", "http://127.0.0.1:81/"); err != nil {
		t.Fatal(err)
	}
	if got := w.Header().Get("Content-Security-Policy"); !strings.HasSuffix(got, "; frame-src https://a.example http://127.0.0.1:81") {
		t.Errorf("got %q", got)
	}
	w = httptest.NewRecorder()
	if err := AllowFramesOf(w); err != nil || len(w.Header()) != 0 {
		t.Errorf("for nothing: got %v, %v", w.Header(), err)
	}
	for _, bad := range []string{"", "javascript:alert(1)", "https://a.example;script-src */", "https://*.example/", "data:text/html,x"} {
		if err := AllowFramesOf(w, "https://a.example/", bad); err == nil || len(w.Header()) != 0 {
			t.Errorf("%q: got %v, want an error and no policy", bad, w.Header())
		}
	}
}
