package deviceapi

import (
	"net/http"

	"github.com/nod-idp/nod/devices/protocol"
	"github.com/nod-idp/nod/web/guard"
)

func (s *Surface) requests(w http.ResponseWriter, r *http.Request) error {
	d, ctx, err := s.receive(r, protocol.VerbRequests, &protocol.Empty{})
	if err != nil {
		return err
	}
	list, err := s.Challenges.Requests(ctx, d)
	if err != nil {
		return err
	}
	if list == nil {
		list = []protocol.Request{} // a list, and not null
	}
	channel, err := s.Devices.Channel(ctx, d)
	if err != nil {
		return err
	}
	notices, err := s.Devices.Notices(ctx, d.ID)
	if err != nil {
		return err
	}
	return guard.WriteJSON(w, http.StatusOK, protocol.Requests{
		Requests: list, PushOn: d.PushOn, ServerTime: protocol.At(s.now()), Name: d.Name, Push: channel, Notices: notices,
	})
}

// noticeSeen takes a notice off the list.
func (s *Surface) noticeSeen(w http.ResponseWriter, r *http.Request) error {
	var msg protocol.NoticeRef
	d, ctx, err := s.receive(r, protocol.VerbNoticeSeen, &msg)
	if err != nil {
		return err
	}
	if err := s.Devices.SeenNotice(ctx, d.ID, msg.Notice); err != nil {
		return err
	}
	return guard.WriteJSON(w, http.StatusOK, protocol.Empty{})
}

func (s *Surface) request(w http.ResponseWriter, r *http.Request) error {
	var msg protocol.ChallengeRef
	d, ctx, err := s.receive(r, protocol.VerbRequest, &msg)
	if err != nil {
		return err
	}
	request, err := s.Challenges.Open(ctx, d, msg.Challenge, s.from(r))
	if err != nil {
		return err
	}
	return guard.WriteJSON(w, http.StatusOK, request)
}

func (s *Surface) pinHalf(w http.ResponseWriter, r *http.Request) error {
	var msg protocol.ChallengeRef
	d, ctx, err := s.receive(r, protocol.VerbPINHalf, &msg)
	if err != nil {
		return err
	}
	half, err := s.Challenges.PINHalf(ctx, d, msg.Challenge)
	if err != nil {
		return err
	}
	return guard.WriteJSON(w, http.StatusOK, protocol.PINHalf{Half: half})
}

func (s *Surface) answer(w http.ResponseWriter, r *http.Request) error {
	var msg protocol.Answer
	d, ctx, err := s.receive(r, protocol.VerbAnswer, &msg)
	if err != nil {
		return err
	}
	answered, err := s.Challenges.Answer(ctx, d, msg, s.from(r))
	if err != nil {
		return err
	}
	return guard.WriteJSON(w, http.StatusOK, answered)
}
