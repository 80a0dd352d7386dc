package page

import "net/http"

// ConfirmDevice asks a signed-in person whether the device that just appeared is theirs. Its buttons are
// confirm-device and refuse-device, each in a form of its own.
type ConfirmDevice struct {
	Frame
	Token       string // one-time form token, sent as form_token
	ConfirmURL  string
	RefuseURL   string
	Name        string // what the device calls itself
	Kind        string // such as "Phone, web app"
	Fingerprint string // short, as the device shows it
	Account     string
}

// ConfirmDevice draws the question.
func (s *Site) ConfirmDevice(w http.ResponseWriter, view ConfirmDevice) error {
	return s.own.Render(w, http.StatusOK, "confirm-device", view)
}
