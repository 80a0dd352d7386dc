package deviceapi

import (
	"net/http"

	"github.com/nod-idp/nod/devices/protocol"
	"github.com/nod-idp/nod/web/guard"
)

func (s *Surface) begin(w http.ResponseWriter, r *http.Request) error {
	in, err := incoming(r, protocol.VerbEnrolBegin)
	if err != nil {
		return err
	}
	begun, err := s.Devices.Begin(origin(r, ""), in)
	if err != nil {
		return err
	}
	return guard.WriteJSON(w, http.StatusOK, begun)
}

func (s *Surface) credential(w http.ResponseWriter, r *http.Request) error {
	var msg protocol.EnrolCredential
	d, ctx, err := s.receive(r, protocol.VerbEnrolCredential, &msg)
	if err != nil {
		return err
	}
	status, err := s.Devices.Register(ctx, d, msg.Credential)
	if err != nil {
		return err
	}
	return guard.WriteJSON(w, http.StatusOK, status)
}

func (s *Surface) prove(w http.ResponseWriter, r *http.Request) error {
	var msg protocol.EnrolProve
	d, ctx, err := s.receive(r, protocol.VerbEnrolProve, &msg)
	if err != nil {
		return err
	}
	status, err := s.Devices.Prove(ctx, d, msg)
	if err != nil {
		return err
	}
	return guard.WriteJSON(w, http.StatusOK, status)
}

func (s *Surface) status(w http.ResponseWriter, r *http.Request) error {
	d, ctx, err := s.receive(r, protocol.VerbEnrolStatus, &protocol.Empty{})
	if err != nil {
		return err
	}
	status, err := s.Devices.Status(ctx, d)
	if err != nil {
		return err
	}
	return guard.WriteJSON(w, http.StatusOK, status)
}
