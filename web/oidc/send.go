package oidc

import (
	"encoding/json"
	"fmt"
	"net/http"
)

// sendJSON answers where the toolkit does not.
func sendJSON(w http.ResponseWriter, answer any) error {
	body, err := json.Marshal(answer)
	if err != nil {
		return fmt.Errorf("write an answer: %w", err)
	}
	h := w.Header()
	h.Set("Content-Type", "application/json")
	h.Set("Pragma", "no-cache") // RFC 6749, section 5.1, asks for it beside no-store
	_, err = w.Write(body)
	return err
}
