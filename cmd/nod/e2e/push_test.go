package e2e

import (
	"errors"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/nod-idp/nod/devices/protocol"
)

func TestAPersonApprovesAndTheApplicationGetsTokens(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		p := w.phone(w.user, "Alice's phone", "")
		v := w.visit(w.browser(), w.app).password()
		number := v.ask()
		if len(number) != 2 {
			t.Fatalf("got match number %q, want two digits", number)
		}
		passcode := w.approve(p, number, "")
		v.reload("approved")
		// "What the page receives is what the device sent."
		if got := v.page.Value("passcode"); got != passcode {
			t.Errorf("got passcode %q on the page, want %q from the phone", got, passcode)
		}
		v.press("passcode-submit", "done")
		token, id, claims := v.tokens(v.code())
		if id.Subject != w.user.ID {
			t.Errorf("got sub %q, want %q", id.Subject, w.user.ID)
		}
		if amr := list(claims["amr"]); !contains(amr, "pwd", "otp", "mfa") || slices.Contains(amr, "pin") || slices.Contains(amr, "hwk") || slices.Contains(amr, "user") {
			t.Errorf("got amr %v", amr)
		}
		for _, name := range []string{"auth_time", "acr", "sid", "at_hash"} {
			if claims[name] == nil {
				t.Errorf("the ID token lacks %s: %v", name, claims)
			}
		}
		if err := id.VerifyAccessToken(token.AccessToken); err != nil {
			t.Errorf("at_hash: %v", err)
		}
		info, err := v.app.provider.UserInfo(t.Context(), v.app.TokenSource(t.Context(), token))
		if err != nil || info.Email != "alice@example.com" || !info.EmailVerified {
			t.Errorf("userinfo: got %+v, %v", info, err)
		}
	})
}

func TestTheSecondSignInNeedsNoPage(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		p := w.phone(w.user, "phone", "")
		b := w.browser()
		v := w.visit(b, w.app).password()
		w.approve(p, v.ask(), "")
		v.reload("approved")
		v.press("passcode-submit", "done")
		_, first, _ := v.tokens(v.code())

		again := w.visit(b, w.app)
		_, second, _ := again.tokens(again.answer(again.page.URL).Get("code"))
		if first.Subject != second.Subject {
			t.Errorf("got subjects %q and %q", first.Subject, second.Subject)
		}
	})
}

func TestThePersonTypesTheDigitsThemselves(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		p := w.phone(w.user, "phone", "")
		v := w.visit(w.browser(), w.app).password()
		number := v.ask()
		passcode := w.approve(p, number, "")
		// The page still stands as it was drawn while the request was pending.
		v.press("passcode-submit", "done", "passcode", passcode[:3]+" "+passcode[3:])
		v.tokens(v.code())
	})
}

func TestDenyEndsTheRequest(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		p := w.phone(w.user, "phone", "")
		v := w.visit(w.browser(), w.app).password()
		v.ask()
		if err := p.Deny(t.Context(), w.only(p)); err != nil {
			t.Fatal(err)
		}
		v.reload("denied")
		w.skip(11 * time.Second) // the back-off after one prompt
		v.press("send-again", "pending")
	})
}

func TestReportEndsTheLogin(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		p := w.phone(w.user, "phone", "")
		v := w.visit(w.browser(), w.app).password()
		v.ask()
		if err := p.Report(t.Context(), w.only(p)); err != nil {
			t.Fatal(err)
		}
		v.reload("reported")
		for _, button := range []string{"use-mobile", "send-again", "use-passcode"} {
			if v.page.Has(button) {
				t.Errorf("the page still offers %s", button)
			}
		}
		if n := w.audited("challenge.reported", "ok"); n != 1 {
			t.Errorf("got %d journal entries, want 1", n)
		}
	})
}

func TestThreeWrongNumbersEndTheRequest(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		p := w.phone(w.user, "phone", "")
		v := w.visit(w.browser(), w.app).password()
		number, id := v.ask(), w.only(p)
		wrong := map[bool]string{true: "12", false: "34"}[number == "34"]
		for left := 2; left >= 0; left-- {
			_, err := p.Approve(t.Context(), id, wrong, "")
			var refused *protocol.Error
			if !errors.As(err, &refused) || refused.Code != protocol.ErrWrongNumber || refused.TriesLeft == nil || *refused.TriesLeft != left {
				t.Fatalf("got %v, want wrong_number with %d tries left", err, left)
			}
		}
		if _, err := p.Approve(t.Context(), id, number, ""); !errors.Is(err, protocol.ErrFailed) {
			t.Errorf("the right number afterwards: got %v, want failed", err)
		}
		v.reload("failed")
	})
}

func TestARequestThatIsNotAnsweredExpires(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		p := w.phone(w.user, "phone", "")
		v := w.visit(w.browser(), w.app).password()
		number, id := v.ask(), w.only(p)
		w.skip(121 * time.Second)
		v.reload("expired")
		if _, err := p.Approve(t.Context(), id, number, ""); !errors.Is(err, protocol.ErrExpired) {
			t.Errorf("an approval too late: got %v, want expired", err)
		}
	})
}

func TestAnApprovalHasToBeUsedWithinAMinute(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		p := w.phone(w.user, "phone", "")
		v := w.visit(w.browser(), w.app).password()
		passcode := w.approve(p, v.ask(), "")
		w.skip(61 * time.Second)
		v.press("passcode-submit", "expired", "passcode", passcode)
	})
}

func TestAPINIsProvedByThePasscode(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		p := w.phone(w.user, "phone", "2468")
		v := w.visit(w.browser(), w.app).password()
		number, id := v.ask(), w.only(p)
		var refused *protocol.Error
		if _, err := p.Approve(t.Context(), id, number, "1357"); !errors.As(err, &refused) || refused.Code != protocol.ErrWrongPasscode {
			t.Fatalf("wrong PIN: got %v, want wrong_passcode", err)
		}
		w.approve(p, number, "2468")
		v.reload("approved")
		v.press("passcode-submit", "done")
		_, _, claims := v.tokens(v.code())
		if amr := list(claims["amr"]); !contains(amr, "pwd", "otp", "pin", "mfa") {
			t.Errorf("got amr %v, want pin among it", amr)
		}
	})
}

func TestTheFirstOfTwoDevicesAnswers(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		one, two := w.phone(w.user, "one", ""), w.phone(w.user, "two", "")
		v := w.visit(w.browser(), w.app).password()
		number := v.ask()
		id := w.only(one)
		if got := w.only(two); got != id {
			t.Fatalf("the devices were asked %s and %s", id, got)
		}
		w.approve(one, number, "")
		if _, err := two.Approve(t.Context(), id, number, ""); !errors.Is(err, protocol.ErrAnsweredElsewhere) {
			t.Errorf("the second: got %v, want answered_elsewhere", err)
		}
		if err := two.Deny(t.Context(), id); !errors.Is(err, protocol.ErrAnsweredElsewhere) {
			t.Errorf("the second denies: got %v, want answered_elsewhere", err)
		}
		v.reload("approved")
		v.press("passcode-submit", "done")
	})
}

func TestThePhoneLearnsOfTheRequestByItsStream(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		p := w.phone(w.user, "phone", "")
		heard := make(chan string, 1)
		go func() {
			if open, err := p.Wait(t.Context()); err == nil && len(open) == 1 {
				heard <- open[0].ID
			}
			close(heard)
		}()
		v := w.visit(w.browser(), w.app).password()
		v.ask()
		select {
		case id := <-heard:
			if !strings.HasPrefix(id, "chl_") {
				t.Errorf("got %q", id)
			}
		case <-time.After(5 * time.Second):
			t.Error("nothing was heard for 5 s")
		}
	})
}

func TestNothingShowsWithoutTheCookie(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		p := w.phone(w.user, "phone", "")
		v := w.visit(w.browser(), w.app).password()
		number := v.ask()
		address := v.page.URL.String()
		look := func(when string, secrets ...string) {
			t.Helper()
			page, err := w.browser().Get(t.Context(), address)
			if err != nil {
				t.Fatal(err)
			}
			if page.State != "error" || page.Has("match-number") || page.Has("passcode") {
				t.Errorf("%s: a stranger got state %q\n%s", when, page.State, page.Body)
			}
			if res, body := get(t, address+"/stream"); res.StatusCode != 404 {
				t.Errorf("%s: the stream answered a stranger %d: %s", when, res.StatusCode, body)
			}
			for _, s := range secrets {
				if strings.Contains(page.Body, ">"+s+"<") || strings.Contains(page.Body, `"`+s+`"`) {
					t.Errorf("%s: a stranger got %s", when, s)
				}
			}
		}
		look("pending", number)
		look("approved", w.approve(p, number, ""))
		v.reload("approved")
	})
}

func TestOnePasscodeClosesOneLogin(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		p := w.phone(w.user, "phone", "")
		a := w.visit(w.browser(), w.app).password()
		passcode := w.approve(p, a.ask(), "")
		b := w.visit(w.browser(), w.app).password()
		number := b.ask()
		b.press("passcode-submit", "pending", "passcode", passcode)
		own := w.approve(p, number, "")
		if own != passcode { // one in a million times they are equal
			b.press("passcode-submit", "approved", "passcode", passcode)
		}
		b.press("passcode-submit", "done", "passcode", own)
		a.reload("approved")
		a.press("passcode-submit", "done")
	})
}

func TestLookingAtThePageNeverFinishesALogin(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		p := w.phone(w.user, "phone", "")
		v := w.visit(w.browser(), w.app).password()
		w.approve(p, v.ask(), "")
		for range 5 {
			v.reload("approved")
		}
		var n int
		if err := w.s.DB.Get(t.Context(), &n, "SELECT count(*) FROM codes"); err != nil || n != 0 {
			t.Errorf("got %d codes, %v, want none", n, err)
		}
	})
}

func TestThreeWrongPasscodesOnThePageEndTheRequest(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		p := w.phone(w.user, "phone", "")
		v := w.visit(w.browser(), w.app).password()
		passcode := w.approve(p, v.ask(), "")
		wrong := map[bool]string{true: "000000", false: "111111"}[passcode == "111111"]
		v.press("passcode-submit", "approved", "passcode", wrong)
		v.press("passcode-submit", "approved", "passcode", wrong)
		v.press("passcode-submit", "failed", "passcode", wrong)
	})
}

func TestPromptsPauseAndATypedPasscodeEndsThePause(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		p := w.phone(w.user, "phone", "")
		var v *visit
		for i := range 3 {
			v = w.visit(w.browser(), w.app).password()
			v.ask()
			w.skip(130 * time.Second)
			if i == 0 {
				v.reload("expired")
			}
		}
		v = w.visit(w.browser(), w.app).password()
		v.press("use-mobile", "paused")
		v.press("use-mobile", "paused")
		v.press("use-passcode", "method")
		// The phone learned the server's clock from its answers.
		if _, err := p.Requests(t.Context()); err != nil {
			t.Fatal(err)
		}
		passcode, err := p.TypedPasscode()
		if err != nil {
			t.Fatal(err)
		}
		v.press("passcode-submit", "done", "passcode", passcode)
		_, _, claims := v.tokens(v.code())
		if amr := list(claims["amr"]); !contains(amr, "pwd", "otp", "mfa") || slices.Contains(amr, "swk") {
			t.Errorf("got amr %v", amr)
		}
		v = w.visit(w.browser(), w.app).password()
		v.press("use-mobile", "pending")
	})
}

func TestAPageDrawnBeforeTheWaitWorksAfterIt(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		p := w.phone(w.user, "phone", "")
		v := w.visit(w.browser(), w.app).password()
		v.ask()
		if err := p.Deny(t.Context(), w.only(p)); err != nil {
			t.Fatal(err)
		}
		next := w.visit(w.browser(), w.app).password()
		next.press("use-mobile", "paused")
		w.skip(11 * time.Second)
		next.press("use-mobile", "pending")
	})
}

func TestSomebodyWithoutADeviceIsToldWhatToDo(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		v := w.visit(w.browser(), w.app).password()
		if v.page.Has("use-mobile") || v.page.Has("use-passcode") {
			t.Error("the page offers a way that does not exist")
		}
		v.press("cancel", "done")
		end, err := v.b.Follow(t.Context(), v.page)
		if err != nil {
			t.Fatal(err)
		}
		if got := v.answer(end.URL).Get("error"); got != "access_denied" {
			t.Errorf("got error %q, want access_denied", got)
		}
	})
}

func list(v any) (out []string) {
	all, _ := v.([]any)
	for _, e := range all {
		if s, ok := e.(string); ok {
			out = append(out, s)
		}
	}
	return out
}

func containsText(body, text string) bool { return strings.Contains(body, text) }

func contains(have []string, want ...string) bool {
	for _, w := range want {
		if !slices.Contains(have, w) {
			return false
		}
	}
	return true
}

func readAll(res *http.Response) string {
	body, err := io.ReadAll(res.Body)
	if err != nil {
		return string(body) + err.Error()
	}
	return string(body)
}
