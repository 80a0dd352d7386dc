package deviceapi

import (
	"errors"
	"net/http"

	"github.com/nod-idp/nod/devices"
	"github.com/nod-idp/nod/devices/protocol"
	"github.com/nod-idp/nod/internal/db"
	"github.com/nod-idp/nod/web/guard"
)

// refusals are the status and the plain sentence of each code. The status is for
// proxies and logs; a device goes by the code.
var refusals = map[protocol.Code]struct {
	status  int
	message string
}{
	protocol.ErrInvalidRequest:      {http.StatusBadRequest, "The request is malformed."},
	protocol.ErrTooLarge:            {http.StatusRequestEntityTooLarge, "The request is too large."},
	protocol.ErrInvalidProof:        {http.StatusUnauthorized, "The signature of the request or its DPoP proof does not hold."},
	protocol.ErrUseNonce:            {http.StatusUnauthorized, "The clock is off; sign again with the nonce of the DPoP-Nonce header."},
	protocol.ErrReplayed:            {http.StatusUnauthorized, "This request was sent before."},
	protocol.ErrSlowDown:            {http.StatusTooManyRequests, "Too many requests."},
	protocol.ErrUnavailable:         {http.StatusServiceUnavailable, "The server cannot answer now."},
	protocol.ErrUnknownDevice:       {http.StatusUnauthorized, "There is no such device."},
	protocol.ErrDeviceSuspended:     {http.StatusForbidden, "This device is disabled."},
	protocol.ErrLinkUsed:            {http.StatusGone, "This enrolment link was used before or does not exist."},
	protocol.ErrLinkExpired:         {http.StatusGone, "This enrolment link is too old."},
	protocol.ErrVerificationRefused: {http.StatusUnprocessableEntity, "This device does not offer the verification that the account demands."},
	protocol.ErrUnknownRequest:      {http.StatusNotFound, "There is no such request for this device."},
	protocol.ErrExpired:             {http.StatusGone, "The time of this request is over."},
	protocol.ErrAnsweredElsewhere:   {http.StatusConflict, "This request was answered already."},
	protocol.ErrSuperseded:          {http.StatusConflict, "A newer request has taken the place of this one."},
	protocol.ErrWithdrawn:           {http.StatusConflict, "This request was withdrawn."},
	protocol.ErrFailed:              {http.StatusConflict, "There were too many wrong answers to this request."},
	protocol.ErrWrongNumber:         {http.StatusUnprocessableEntity, "That is not the number on the login page."},
	protocol.ErrWrongPasscode:       {http.StatusUnprocessableEntity, "The passcode is wrong."},
	protocol.ErrWrongAssertion:      {http.StatusUnprocessableEntity, "The WebAuthn assertion does not hold."},
	protocol.ErrRefusedByPolicy:     {http.StatusForbidden, "The organisation takes no approval this far from the browser that asks."},
}

// slowDown is how many seconds a device waits that asks too often.
const slowDown = "5"

// tell turns refusals into the answers that the protocol promises. Everything else
// that can go wrong is nod's own fault and left to the mux.
func (s *Surface) tell(h guard.Handler) guard.Handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		err := h(w, r)
		var code protocol.Code
		switch {
		case err == nil:
			return nil
		case errors.Is(err, devices.ErrNotFound):
			// The device was active when it was recognised, and is not any more.
			code = protocol.ErrUnknownDevice
		case errors.Is(err, db.ErrUnavailable):
			code = protocol.ErrUnavailable
		case !errors.As(err, &code):
			return err
		}
		known, ok := refusals[code]
		if !ok {
			return err
		}
		body := protocol.Error{Code: code, Message: known.message, ServerTime: protocol.At(s.now())}
		var told *protocol.Error
		if errors.As(err, &told) && told.Code == code {
			body.TriesLeft = told.TriesLeft
			if told.Message != "" {
				body.Message = told.Message
			}
		}
		header := w.Header()
		switch code {
		case protocol.ErrUseNonce:
			// RFC 9449, section 9.
			header.Set("DPoP-Nonce", s.Devices.Nonce())
			header.Set("WWW-Authenticate", `DPoP error="use_dpop_nonce", algs="ES256"`)
		case protocol.ErrInvalidProof, protocol.ErrReplayed, protocol.ErrUnknownDevice:
			header.Set("WWW-Authenticate", `DPoP error="invalid_dpop_proof", algs="ES256"`)
		case protocol.ErrSlowDown, protocol.ErrUnavailable:
			header.Set("Retry-After", slowDown)
		}
		return guard.WriteJSON(w, known.status, body)
	}
}
