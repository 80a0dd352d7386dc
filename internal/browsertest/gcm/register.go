package gcm

import (
	"crypto/rand"
	"encoding/base64"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"
)

// The identity that every browser gets: one service serves one browser.
const (
	androidID     = 4_100_000_001
	securityToken = 4_100_000_002
)

// checkIn gives the browser its identity.
func (s *Service) checkIn(w http.ResponseWriter, r *http.Request) {
	_, _ = io.Copy(io.Discard, r.Body) // who asks does not matter
	answer := encoder{}.
		number(1, 1). // stats_ok
		number(3, uint64(time.Now().UnixMilli())).
		word(7, androidID).
		word(8, securityToken).
		number(9, 0) // market_ok
	w.Header().Set("Content-Type", "application/x-protobuf")
	_, _ = w.Write(answer)
}

// register gives out or takes back the token of a subscription.
func (s *Service) register(w http.ResponseWriter, r *http.Request) {
	if want := fmt.Sprintf("AidLogin %d:%d", androidID, securityToken); r.Header.Get("Authorization") != want {
		http.Error(w, "Error=AUTHENTICATION_FAILED", http.StatusUnauthorized)
		return
	}
	if err := r.ParseForm(); err != nil {
		http.Error(w, "Error=INVALID_PARAMETERS", http.StatusBadRequest)
		return
	}
	asked := registration{
		category: r.PostForm.Get("app"),
		subtype:  r.PostForm.Get("X-subtype"),
		instance: r.PostForm.Get("appid"),
		sender:   r.PostForm.Get("sender"),
	}
	if r.PostForm.Get("delete") == "true" {
		s.forget(asked)
		_, _ = fmt.Fprintf(w, "token=%s", asked.instance)
		return
	}
	senderKey, err := base64.RawURLEncoding.DecodeString(strings.TrimRight(asked.sender, "="))
	if err != nil || len(senderKey) != 65 || r.PostForm.Get("scope") != "GCM" {
		http.Error(w, "Error=INVALID_PARAMETERS", http.StatusBadRequest)
		return
	}
	asked.token = asked.instance + ":" + rand.Text()
	s.mu.Lock()
	s.registrations[asked.token] = asked
	s.mu.Unlock()
	s.push.Subscribe(asked.token, senderKey)
	_, _ = fmt.Fprintf(w, "token=%s", asked.token)
}

// forget ends the subscriptions of an instance: one sender's, or with "*" all.
func (s *Service) forget(asked registration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for token, known := range s.registrations {
		if known.instance == asked.instance && (asked.sender == "*" || asked.sender == "" || asked.sender == known.sender) {
			delete(s.registrations, token)
			s.push.Unsubscribe(token)
		}
	}
}
