package browsertest_test

import (
	"image/color"
	"image/png"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/nod-idp/nod/internal/browsertest"
	"github.com/nod-idp/nod/internal/browsertest/axe"
)

// credential is what the page tells about a key it made or used.
type credential struct {
	ID         string
	Flags      byte
	PRFEnabled bool
	PRF        string
	Error      string
}

const userVerified = 0x04 // a flag of the authenticator data (WebAuthn, section 6.1)

func personIsVerified(t *testing.T, m machine) {
	s := newSite(t)
	page := m.tab()
	page.Open(s.url)
	finger := m.fingerprint(page)
	var made, got credential
	page.Eval("kit.create()", &made)
	if made.Flags&userVerified == 0 || !made.PRFEnabled {
		t.Errorf("made %+v, want a key with verification and prf", made)
	}
	page.Eval("kit.get()", &got)
	if got.ID != made.ID || got.Flags&userVerified == 0 || len(got.PRF) != 64 {
		t.Errorf("used %+v, want the key that was made, with verification and 32 bytes of prf", got)
	}
	finger.Recognise(false)
	got = credential{}
	if page.Eval("kit.get()", &got); got.Error != "NotAllowedError" {
		t.Errorf("with another finger: %+v, want NotAllowedError", got)
	}
	finger.Remove()
}

func pagesAreTouched(t *testing.T, m machine) {
	s := newSite(t)
	page := m.tab()
	page.Open(s.url)
	page.Type("#name", "Ada")
	page.Click("#greet")
	if got := page.Text("#greeting"); got != "Hello Ada, truly" {
		t.Errorf("after typing and a click the page says %q", got)
	}
	file := filepath.Join(t.TempDir(), "dark.png")
	page.Screen(browsertest.Phone().InTheDark())
	page.Screenshot(file)
	width, corner := picture(t, file)
	if want := (color.RGBA{10, 20, 30, 255}); width != 390 || corner != want {
		t.Errorf("the picture is %d wide and %v in the corner, want 390 and %v", width, corner, want)
	}
	if found := axe.Violations(t, page); len(found) > 0 {
		t.Errorf("axe-core finds on a page without faults: %v", found)
	}
	page.Eval("document.querySelector('label').remove()", nil)
	if found := axe.Violations(t, page); len(found) != 1 || found[0].Rule != "label" {
		t.Errorf("axe-core finds %v, want the field without a label", found)
	}
}

// picture returns the width of a PNG file and the colour of its lower left corner.
func picture(t *testing.T, file string) (int, color.Color) {
	t.Helper()
	f, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	p, err := png.Decode(f)
	if err != nil {
		t.Fatal(err)
	}
	box := p.Bounds()
	return box.Dx(), color.RGBAModel.Convert(p.At(2, box.Dy()-3))
}

func problemsAreHeard(t *testing.T, m machine) {
	s := newSite(t)
	page := m.tab()
	page.Open(s.url)
	if found := page.Problems("favicon"); len(found) > 0 {
		t.Errorf("on a page without faults: %v", found)
	}
	page.Eval("kit.misbehave()", nil)
	found := page.Problems("favicon")
	for kind, text := range map[string]string{"csp": "style-src-attr", "exception": "thrown on purpose"} {
		if !has(found, kind, text) {
			t.Errorf("no %s with %q among %v", kind, text, found)
		}
	}
}

func has(messages []browsertest.Message, kind, text string) bool {
	for _, m := range messages {
		if m.Kind == kind && strings.Contains(m.Text, text) {
			return true
		}
	}
	return false
}
