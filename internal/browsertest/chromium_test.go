package browsertest_test

import (
	"testing"
	"time"

	"github.com/nod-idp/nod/internal/browsertest"
	"github.com/nod-idp/nod/internal/browsertest/chromium"
	"github.com/nod-idp/nod/internal/browsertest/pushservice"
)

func TestChromiumAlone(t *testing.T) {
	b := chromium.Start(t)
	for name, tell := range map[string]func(*testing.T, *chromium.Browser){
		"elsewhere is another computer":              elsewhereIsAnotherComputer,
		"both shapes of prf are known":               bothShapesOfPRF,
		"keys are copied to another window":          keysAreCopied,
		"what a page writes to the console is heard": consoleIsHeard,
	} {
		t.Run(name, func(t *testing.T) { tell(t, b.Under(t)) })
	}
}

func elsewhereIsAnotherComputer(t *testing.T, b *chromium.Browser) {
	s := newSite(t)
	phone, laptop := b.Tab(), b.Elsewhere()
	phone.Open(s.url)
	phone.Eval("document.cookie = 'who=phone'", nil)
	for page, want := range map[*chromium.Tab]string{phone.Beside(): "who=phone", laptop: "", laptop.Beside(): ""} {
		page.Open(s.url)
		var cookie string
		if page.Eval("document.cookie", &cookie); cookie != want {
			t.Errorf("got the cookie %q, want %q", cookie, want)
		}
	}
}

func TestChromiumStartsAStoppedWorkerForAPush(t *testing.T) {
	b := chromium.Start(t)
	s := newSite(t)
	b.Permit(s.url, browsertest.Granted)
	from := newSender(t, pushservice.Bridge(b.Push))
	page := b.Tab()
	page.Open(s.url)
	var to subscription
	page.Eval("kit.subscribe('"+from.public()+"')", &to)
	b.StopWorkers()
	from.send(to, "wake up")
	s.hear(t, "push", nil)
	if w := b.Workers(); len(w) != 1 || w[0].Scope != s.url+"/" || w[0].Status != "activated" {
		t.Errorf("the workers are %+v, want the site's alone", w)
	}
	b.StopWorkers()
	b.PushInTheClear(s.url+"/", "in the clear")
	if heard := s.hear(t, "push", nil); heard.Text != "in the clear" {
		t.Errorf("the worker heard %q", heard.Text)
	}
	if errors := b.WorkerErrors(); len(errors) > 0 {
		t.Errorf("the worker ran into %v", errors)
	}
}

func bothShapesOfPRF(t *testing.T, b *chromium.Browser) {
	s := newSite(t)
	for name, shape := range map[string]struct {
		prf                chromium.PRF
		enabled            bool
		atCreate, atGetLen int
	}{
		"none":      {chromium.PRFNone, false, 0, 0},
		"at get":    {chromium.PRFAtGet, true, 0, 64},
		"at create": {chromium.PRFAtCreate, true, 64, 64},
	} {
		page := b.Tab()
		page.Open(s.url)
		page.Authenticator(shape.prf)
		var made, got credential
		page.Eval("kit.create()", &made)
		page.Eval("kit.get()", &got)
		if made.PRFEnabled != shape.enabled || len(made.PRF) != shape.atCreate || len(got.PRF) != shape.atGetLen {
			t.Errorf("%s: got %+v at create and %+v at get", name, made, got)
		}
		page.Close()
	}
}

func keysAreCopied(t *testing.T, b *chromium.Browser) {
	s := newSite(t)
	first, second := b.Tab(), b.Tab()
	first.Open(s.url)
	second.Open(s.url)
	var made, got credential
	authenticator := first.Authenticator(chromium.PRFNone)
	first.Eval("kit.create()", &made)
	authenticator.CopyTo(second)
	second.Focus()
	if second.Eval("kit.get()", &got); got.ID != made.ID || got.Flags&userVerified == 0 {
		t.Errorf("the other window used %+v, want the key %+v", got, made)
	}
}

func consoleIsHeard(t *testing.T, b *chromium.Browser) {
	s := newSite(t)
	page := b.Tab()
	page.Open(s.url)
	page.Eval("console.log('a word', 3, {a: 1})", nil)
	page.Eval("kit.misbehave()", nil)
	if !has(page.Console(), "log", "a word 3") || !has(page.Problems(), "error", "said on purpose") {
		t.Errorf("the console says %v", page.Console())
	}
	if has(page.Problems("on purpose"), "error", "said on purpose") {
		t.Error("an expected message counts as a problem")
	}
}

func TestChromiumWithoutPushNeverFinishesSubscribing(t *testing.T) {
	b := chromium.StartWithoutPush(t)
	s := newSite(t)
	b.Permit(s.url, browsertest.Granted)
	page := b.Tab()
	page.Open(s.url)
	page.Eval("void kit.subscribe('"+newSender(t, nil).public()+"').then(() => kit.end = 'subscribed', (e) => kit.end = e.name)", nil)
	time.Sleep(2 * time.Second) // there is nothing to wait for
	var end string
	if page.Eval("kit.end ?? 'nothing'", &end); end != "nothing" {
		t.Errorf("subscribing ended with %q, want no end", end)
	}
}
