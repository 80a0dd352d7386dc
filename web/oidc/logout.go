package oidc

import (
	"context"
	"crypto/hmac"
	"encoding/hex"
	"errors"
	"net/http"
	"net/url"
	"strings"

	"github.com/nod-idp/nod/idp/client"
	"github.com/nod-idp/nod/idp/session"
	"github.com/nod-idp/nod/web/guard"
	"github.com/nod-idp/nod/web/page"
)

// The addresses of the pages around signing out.
const (
	confirmPath = logoutPath + "/confirm"
	donePath    = logoutPath + "/done"
)

// logout takes an application's wish to sign the person out (OpenID Connect
// RP-Initiated Logout 1.0). It stores nothing. Only a valid id_token_hint for the
// session of this browser shows that the wish is the person's own; anybody else's link
// leads to a question.
func (s *Surface) logout(w http.ResponseWriter, r *http.Request) error {
	values, err := parametersOf(r)
	if err != nil {
		return err
	}
	if failure := wholesome(values); failure != nil {
		return unreturnable("The application's request to sign out could not be read.", failure)
	}
	if s.withoutCookies(r, values) {
		http.Redirect(w, r, logoutPath+"?"+values.Encode(), http.StatusSeeOther)
		return nil
	}
	hint, err := s.hint(r.Context(), values.Get("id_token_hint"))
	if err != nil { // worth nothing, but no reason to keep anybody signed in
		hint = hinted{}
	}
	wish, err := s.wish(r.Context(), values, hint.ClientID)
	if err != nil {
		return err
	}
	held, err := s.Sessions.Find(r.Context(), s.Jar.Browser(r).SessionToken)
	switch {
	case errors.Is(err, session.ErrNone):
		s.Jar.SignOut(w)
		return s.leave(w, r, wish)
	case err != nil:
		return err
	case hint.Subject == held.UserID && hint.SID == held.SID:
		if wish.ended, err = s.signOut(r.Context(), held); err != nil {
			return err
		}
		s.Jar.SignOut(w)
		return s.leave(w, r, wish)
	}
	return s.Site.LogoutConfirm(w, page.LogoutConfirm{
		Frame: frameOf(wish.client), Token: s.logoutToken(held), Action: confirmPath + wish.query(), Account: s.account(r.Context(), held),
	})
}

// confirmLogout ends the session because the person said so.
func (s *Surface) confirmLogout(w http.ResponseWriter, r *http.Request) error {
	form, err := guard.PostForm(r)
	if err != nil {
		return err
	}
	values, err := guard.Query(r)
	if err != nil {
		return err
	}
	wish, err := s.wish(r.Context(), values, "")
	if err != nil {
		return err
	}
	held, err := s.Sessions.Find(r.Context(), s.Jar.Browser(r).SessionToken)
	switch {
	case errors.Is(err, session.ErrNone): // pressed twice
	case err != nil:
		return err
	case !hmac.Equal([]byte(form.Get("form_token")), []byte(s.logoutToken(held))):
		// The form is another session's: the question is asked again.
		http.Redirect(w, r, logoutPath+wish.query(), http.StatusSeeOther)
		return nil
	default:
		if wish.ended, err = s.signOut(r.Context(), held); err != nil {
			return err
		}
	}
	s.Jar.SignOut(w)
	http.Redirect(w, r, donePath+wish.query(), http.StatusSeeOther)
	return nil
}

// loggedOut is the page at the end, which leads back to the application.
func (s *Surface) loggedOut(w http.ResponseWriter, r *http.Request) error {
	values, err := guard.Query(r)
	if err != nil {
		return err
	}
	wish, err := s.wish(r.Context(), values, "")
	if err != nil {
		return err
	}
	frames, err := s.framesOf(r.Context(), values.Get(endedName))
	if err != nil {
		return err
	}
	if len(frames) > 0 {
		return s.showFrames(w, frames, wish)
	}
	if target := wish.target(); target != "" {
		return s.forwardSignedOut(w, target, wish.client)
	}
	return s.Site.SignedOut(w, page.SignedOut{Frame: frameOf(wish.client)})
}

// signOut ends the session and says which one it was, see ended.
func (s *Surface) signOut(ctx context.Context, held session.Session) (ended string, err error) {
	if err := s.Logins.SignOut(ctx, held); err != nil {
		return "", err
	}
	return s.ended(ctx, held.SID)
}

// leave answers where no form was submitted: by 303 to the application at once, unless
// others have to hear of it before.
func (s *Surface) leave(w http.ResponseWriter, r *http.Request, wish wish) error {
	target := wish.target()
	if target == "" || wish.ended != "" {
		target = donePath + wish.query()
	}
	http.Redirect(w, r, target, http.StatusSeeOther)
	return nil
}

// logoutToken is good for one session, which is over once it was used.
func (s *Surface) logoutToken(held session.Session) string {
	return hex.EncodeToString(s.Box.MAC("logout form", held.ID))
}

func (s *Surface) account(ctx context.Context, held session.Session) string {
	person, err := s.Users.ByID(ctx, held.UserID)
	if err != nil {
		return "" // the question can be asked without a name
	}
	return person.DisplayName()
}

// wish is where an application wants to have the person back.
type wish struct {
	client client.Client // empty when none was named
	uri    string        // registered for the client, or ""
	state  string
	ended  string // which session has ended, if applications are to be loaded for it
}

// wish reads it and checks it whole: the address is compared with the client's own as
// exactly as a redirect URI, and a fault is a page.
func (s *Surface) wish(ctx context.Context, values url.Values, hintedClient string) (wish, error) {
	var to wish
	id := values.Get("client_id")
	if id == "" {
		id = hintedClient
	} else if hintedClient != "" && id != hintedClient {
		return wish{}, unreturnable("The application's request to sign out names two applications.", nil)
	}
	var err error
	if id != "" {
		if to.client, err = s.Clients.Get(ctx, id); errors.Is(err, client.ErrNotFound) {
			return wish{}, unreturnable("The application that sent you here is not registered with this server.", err)
		} else if err != nil {
			return wish{}, err
		}
	}
	if to.uri = values.Get("post_logout_redirect_uri"); to.uri == "" {
		return to, nil
	}
	if to.client.ID == "" || !to.client.AllowsPostLogout(to.uri) {
		return wish{}, unreturnable("The application wants you back at an address that is not registered for it.", nil)
	}
	to.state = values.Get("state")
	return to, nil
}

// target is the address to go back to, with the client's state, or "".
func (to wish) target() string {
	if to.uri == "" || to.state == "" {
		return to.uri
	}
	separator := "?"
	if strings.Contains(to.uri, "?") {
		separator = "&"
	}
	return to.uri + separator + "state=" + url.QueryEscape(to.state)
}

// query carries the wish from page to page. It is checked anew on each.
func (to wish) query() string {
	values := url.Values{}
	for name, value := range map[string]string{"client_id": to.client.ID, "post_logout_redirect_uri": to.uri, "state": to.state, endedName: to.ended} {
		if value != "" {
			values.Set(name, value)
		}
	}
	if len(values) == 0 {
		return ""
	}
	return "?" + values.Encode()
}
