package server

import "context"

// followSealing seals under whichever key is in force. A server that lacks the key sees no
// requests until its key file holds it: what others seal it could not open.
func (s *Server) followSealing(ctx context.Context) {
	s.Instance.Follow(ctx, s.DB, func(err error) {
		s.ready.keyless.Store(err != nil)
		if err != nil {
			s.Options.log().Error("not ready: copy the key file from where it was changed", "error", err)
			return
		}
		s.Options.log().Info("the sealing key that was missing is there")
	})
}
