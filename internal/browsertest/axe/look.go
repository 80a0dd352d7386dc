package axe

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Pictures is the environment variable that names the folder which Look writes pictures
// to.
const Pictures = "NOD_PICTURES"

// Look checks a page as it now stands on its screen: by the rules, and that nothing has to
// be scrolled sideways. name says which page and screen that is.
func Look(t testing.TB, page interface {
	Page
	Screenshot(file string)
}, name string) {
	t.Helper()
	for _, v := range Violations(t, page) {
		t.Errorf("%s: %s", name, v)
	}
	var wide bool
	if page.Eval("document.documentElement.scrollWidth > innerWidth", &wide); wide {
		t.Errorf("%s: wider than the screen", name)
	}
	if folder := os.Getenv(Pictures); folder != "" {
		page.Screenshot(filepath.Join(folder, strings.NewReplacer(" ", "-", ",", "").Replace(name)+".png"))
	}
}
