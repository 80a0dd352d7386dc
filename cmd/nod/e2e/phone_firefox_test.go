package e2e

import (
	"testing"

	"github.com/nod-idp/nod/idp/client"
	"github.com/nod-idp/nod/internal/browsertest"
	"github.com/nod-idp/nod/internal/browsertest/firefox"
)

func TestPhonesInFirefox(t *testing.T) {
	b := firefox.Start(t)
	// One reader for all pages of this browser.
	finger := b.Authenticator()
	m := mobile{
		push: b.Push, screen: b.Notifications, permit: b.Permit,
		tab:    func() tab { return b.Tab() },
		opened: func(address string) tab { return b.Opened(address) },
		sensor: func(tab) reader { return finger },
		ready:  anyAttachment,
	}
	for _, story := range []struct {
		name string
		tell func(*testing.T, mobile)
	}{
		{"push wakes a closed app, which approves", wakesAndApproves},
		{"deny on the notification", deniesFromTheNotification},
		{"approve on the notification where nothing is demanded", approvesFromTheNotification},
		{"a dropped subscription is made anew", dropped},
		{"the browser changes its subscription", func(t *testing.T, m mobile) { changesItsSubscription(t, m, b) }},
	} {
		t.Run(story.name, func(t *testing.T) {
			b.Under(t)
			story.tell(t, m)
		})
	}
}

// anyAttachment takes from the options of the first ceremony that the reader has to be
// built in. Firefox's virtual reader says of itself that it is, and is passed over all
// the same where that is demanded.
func anyAttachment(page tab) {
	page.Eval(`(() => {
		const create = navigator.credentials.create.bind(navigator.credentials);
		navigator.credentials.create = (options) => {
			delete options.publicKey.authenticatorSelection.authenticatorAttachment;
			return create(options);
		};
	})()`, nil)
}

// changesItsSubscription is what happens when Mozilla's service forgets a browser: all
// subscriptions end, and the worker is told.
func changesItsSubscription(t *testing.T, m mobile, b *firefox.Browser) {
	p := sleeping(t, m, "", client.FactorPushNumber)
	d := p.device(p.user)
	before, err := p.s.Push.Subscriptions.State(t.Context(), d.ID)
	if err != nil || !before.Subscribed {
		t.Fatalf("before: got %+v, %v", before, err)
	}
	b.Autopush.ForgetAgent()
	browsertest.Until(t, "the worker to subscribe anew", func() (bool, bool) {
		state, err := p.s.Push.Subscriptions.State(t.Context(), d.ID)
		done := err == nil && state.Subscribed && state.ChangedAt.After(before.ChangedAt)
		return done, done
	}, nil)
	p.deniedFromTheNotification()
}
