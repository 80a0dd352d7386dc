package app

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/nod-idp/nod/internal/browsertest/chromium"
	"github.com/nod-idp/nod/internal/browsertest/firefox"
)

// modulesPage is a page of either browser.
type modulesPage interface {
	Open(address string)
	Reload()
	Eval(expression string, into any)
}

// modulesReader is the fingerprint reader of either.
type modulesReader interface{ Recognise(yes bool) }

func TestModulesInChromium(t *testing.T) {
	page := chromium.StartWithoutPush(t).Tab()
	tryModules(t, page, `{ authenticatorAttachment: "platform" }`, func() modulesReader { return page.Authenticator(chromium.PRFAtGet) })
}

func TestModulesInFirefox(t *testing.T) {
	b := firefox.Start(t)
	// Firefox's virtual authenticators are never taken for platform authenticators when a
	// credential is made, although the browser says that it has one.
	tryModules(t, b.Tab(), "{}", func() modulesReader { return b.Authenticator() })
}

// tryModules calls what testjs/in_browser.js has to try, which needs what node lacks.
func tryModules(t *testing.T, page modulesPage, selection string, plugIn func() modulesReader) {
	t.Helper()
	mux := http.NewServeMux()
	mux.Handle("GET /static/", http.StripPrefix("/static/", http.FileServerFS(Static())))
	mux.Handle("GET /testjs/", http.StripPrefix("/testjs/", http.FileServer(http.Dir("testjs"))))
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		_, _ = w.Write([]byte("<!doctype html><title>modules</title>"))
	})
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	// WebAuthn wants a name; localhost is one, and counts as secure.
	page.Open(strings.Replace(server.URL, "127.0.0.1", "localhost", 1))
	reader := plugIn()
	try := func(call string) {
		t.Helper()
		page.Eval("import('/testjs/in_browser.js').then((m) => m."+call+")", nil)
	}
	try("keepAccounts()")
	page.Reload()
	for _, call := range []string{"findAccounts()", "changeTogether()", "sealAndOpen()", "ceremonies(" + selection + ")"} {
		try(call)
	}
	reader.Recognise(false)
	try("ceremonyRefused(" + selection + ")")
}
