package oidc

import (
	"context"
	"crypto/hmac"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/nod-idp/nod/idp/client"
	"github.com/nod-idp/nod/web/guard"
)

// frame is a page of an application in which it signs the person out (OpenID Connect
// Front-Channel Logout 1.0, section 2).
type frame struct {
	URL  string
	Name string // of the application
}

// endedName is the parameter that carries which session has ended to the page at the end.
const endedName = "ended"

// ended says which session has ended, for the page at the end, if applications have to
// be loaded there. Applications know the sid, and must not learn by it which others there
// are: hence the seal.
func (s *Surface) ended(ctx context.Context, sid string) (string, error) {
	frames, err := s.frames(ctx, sid)
	if err != nil || len(frames) == 0 {
		return "", err
	}
	return sid + "." + s.endedSeal(sid), nil
}

func (s *Surface) endedSeal(sid string) string {
	return hex.EncodeToString(s.Box.MAC("front-channel logout", sid))
}

// framesOf returns the frames for what ended returned, and none for anything else.
func (s *Surface) framesOf(ctx context.Context, ended string) ([]frame, error) {
	sid, seal, _ := strings.Cut(ended, ".")
	if !hmac.Equal([]byte(seal), []byte(s.endedSeal(sid))) {
		return nil, nil
	}
	return s.frames(ctx, sid)
}

// frames returns a frame for each application that took part in a session until it
// ended, and wants one.
func (s *Surface) frames(ctx context.Context, sid string) (all []frame, err error) {
	left, err := s.Sessions.Left(ctx, sid)
	if err != nil {
		return nil, err
	}
	for _, id := range left {
		c, err := s.Clients.Get(ctx, id)
		switch {
		case errors.Is(err, client.ErrNotFound):
			continue // it was removed
		case err != nil:
			return nil, err
		case c.FrontchannelLogoutURI != "":
			all = append(all, frame{URL: withSession(c.FrontchannelLogoutURI, s.Issuer, sid), Name: c.Name})
		}
	}
	return all, nil
}

// withSession adds iss and sid (Front-Channel Logout 1.0, section 2). Parameters of the
// application's own stay.
func withSession(address, issuer, sid string) string {
	separator := "?"
	if strings.Contains(address, "?") {
		separator = "&"
	}
	return address + separator + url.Values{"iss": {issuer}, "sid": {sid}}.Encode()
}

// showFrames draws the page that loads them, and goes on to the application afterwards.
func (s *Surface) showFrames(w http.ResponseWriter, frames []frame, to wish) error {
	view := signedOut{Frame: frameOf(to.client), URL: to.target(), Frames: frames}
	if view.URL != "" && !forwardable(view.URL) {
		return errForward
	}
	var addresses []string
	for _, f := range frames {
		addresses = append(addresses, f.URL)
	}
	if err := guard.AllowFramesOf(w, addresses...); err != nil {
		return fmt.Errorf("sign out at applications: %w", err)
	}
	return s.views.Render(w, http.StatusOK, "signed-out-frames", view)
}
