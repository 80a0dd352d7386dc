package autopush

import (
	"encoding/base64"
	"strings"
	"time"

	"github.com/nod-idp/nod/internal/browsertest/pushservice"
)

// question is any message of the browser; which fields it has depends on its kind.
type question struct {
	Kind    string   `json:"messageType"`
	Agent   string   `json:"uaid"`
	Channel string   `json:"channelID"`
	Key     string   `json:"key"`
	Updates []update `json:"updates"`
	Version string   `json:"version"`
	Code    int      `json:"code"`
}

// update says what became of a message.
type update struct {
	Channel string `json:"channelID"`
	Version string `json:"version"`
	Code    int    `json:"code"`
}

type helloAnswer struct {
	Kind       string   `json:"messageType"`
	Status     int      `json:"status"`
	Agent      string   `json:"uaid"`
	WebPush    bool     `json:"use_webpush"`
	Broadcasts struct{} `json:"broadcasts"`
}

type registerAnswer struct {
	Kind     string `json:"messageType"`
	Status   int    `json:"status"`
	Agent    string `json:"uaid"`
	Channel  string `json:"channelID"`
	Endpoint string `json:"pushEndpoint"`
}

type unregisterAnswer struct {
	Kind    string `json:"messageType"`
	Status  int    `json:"status"`
	Channel string `json:"channelID"`
}

// notification is a push message on its last way. One without a text has neither data
// nor headers.
type notification struct {
	Kind    string            `json:"messageType"`
	Channel string            `json:"channelID"`
	Version string            `json:"version"`
	TTL     int               `json:"ttl"`
	Data    string            `json:"data,omitempty"`
	Headers map[string]string `json:"headers,omitempty"`
}

func newNotification(channel string, m pushservice.Message) notification {
	n := notification{Kind: "notification", Channel: channel, Version: m.ID, TTL: int(m.TTL / time.Second)}
	if len(m.Body) > 0 {
		n.Data = base64.RawURLEncoding.EncodeToString(m.Body)
		n.Headers = map[string]string{"encoding": m.Encoding}
	}
	return n
}

// state translates the browser's word for what became of a message.
func state(code int) pushservice.State {
	switch code {
	case 100:
		return pushservice.Delivered
	case 101:
		return pushservice.Undecrypted
	case 301, 302, 303: // exception, rejected promise, error of the browser's own
		return pushservice.HandlerErr
	default:
		return pushservice.Undelivered
	}
}

// senderKey reads the application server key, which the browser writes with padding.
func senderKey(text string) ([]byte, error) {
	if text == "" {
		return nil, nil
	}
	return base64.RawURLEncoding.DecodeString(strings.TrimRight(text, "="))
}
