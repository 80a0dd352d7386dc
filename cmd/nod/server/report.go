package server

import (
	"context"

	"github.com/nod-idp/nod/mfa"
)

// warnOfReport tells whoever reads the log that somebody did not begin a sign-in: their
// password is in other hands.
func (s *Server) warnOfReport(ctx context.Context, r mfa.Report) {
	s.Options.log().WarnContext(ctx, "a sign-in was reported by its person", "user", r.UserID, "client", r.ClientID,
		"ip", r.Context.IP, "browser", r.Context.Browser, "os", r.Context.OS, "device", r.DeviceID, "challenge", r.ChallengeID)
}
