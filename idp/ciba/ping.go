package ciba

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/nod-idp/nod/idp/client"
	"github.com/nod-idp/nod/internal/db"
	"github.com/nod-idp/nod/internal/outbound"
	"github.com/nod-idp/nod/internal/outbox"
)

// KindPing is the kind of message that tells a client that there is an answer (OpenID
// Connect CIBA Core 1.0, section 10.2).
const KindPing = "ciba-ping"

// ping is the payload of such a message. The outbox seals it.
type ping struct {
	Client    string `json:"client"`
	Token     string `json:"token"`
	AuthReqID string `json:"auth_req_id"`
}

// pingLife is how long a client is called: after that there is nothing to come for.
const pingLife = 5 * time.Minute

// pingTx adds the call in the transaction that gives the answer. An inquiry is answered
// once, so its id makes the message's.
func (q *Inquiries) pingTx(tx *db.Tx, r row) error {
	token, err := q.Box.Open(place(r.ID), r.Notification)
	if err != nil {
		return fmt.Errorf("open the token of a callback: %w", err)
	}
	payload, err := json.Marshal(ping{Client: r.ClientID, Token: string(token), AuthReqID: q.authReqID(r.ID)})
	if err != nil {
		return err
	}
	return q.Outbox.AddTx(tx, outbox.Message{
		ID: "png_" + r.ID, Kind: KindPing, Label: "answer for " + r.ClientID, UserID: r.UserID, Payload: payload, Life: pingLife,
	})
}

// DeliverPing calls a client back. A second call is harmless: the client asks for tokens
// that it has already. Redirects are not followed (section 10.2).
func (q *Inquiries) DeliverPing(ctx context.Context, _ string, payload []byte) error {
	var p ping
	if err := json.Unmarshal(payload, &p); err != nil {
		return &outbox.FinalError{Err: fmt.Errorf("read a ping: %w", err)}
	}
	c, err := q.Clients.Get(ctx, p.Client)
	switch {
	case errors.Is(err, client.ErrNotFound), err == nil && (c.CIBA != client.CIBAPing || c.CIBANotificationURI == ""):
		return &outbox.DropError{Reason: "the client takes no pings any more"}
	case err != nil:
		return err
	}
	body, err := json.Marshal(map[string]string{"auth_req_id": p.AuthReqID})
	if err != nil {
		return err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, c.CIBANotificationURI, bytes.NewReader(body))
	if err != nil {
		return &outbox.FinalError{Err: errors.New("ping: the address cannot be read")}
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Authorization", "Bearer "+p.Token)
	return judge(q.Outbound.Tell(req, q.now()))
}

// judge says what an answer to a ping means: a client that refuses it is not called again.
func judge(err error) error {
	if err == nil {
		return nil
	}
	var answer *outbound.AnswerError
	final := errors.Is(err, outbound.ErrRefused)
	if errors.As(err, &answer) {
		final = answer.Status != http.StatusTooManyRequests && answer.Status != http.StatusRequestTimeout && answer.Status < 500
	}
	err = fmt.Errorf("ping: %w", err)
	if final {
		return &outbox.FinalError{Err: err}
	}
	return err
}
