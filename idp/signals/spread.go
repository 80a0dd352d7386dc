package signals

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"strings"

	"github.com/nod-idp/nod/idp/letters"
	"github.com/nod-idp/nod/idp/user"
	"github.com/nod-idp/nod/internal/db"
	"github.com/nod-idp/nod/internal/mail"
	"github.com/nod-idp/nod/internal/outbox"
	"github.com/nod-idp/nod/internal/webhook"
)

// Spread delivers events: to the log, and as one message to each webhook and each
// administrator, so that one that cannot be reached holds up no other.
type Spread struct {
	Outbox   *outbox.Outbox
	Users    *user.Users
	Letters  *letters.Letters
	Webhooks []string // addresses
	AlertTo  []string // mail addresses
	Poster   *webhook.Poster
	Log      *slog.Logger // nil means slog.Default()
}

// told is what a webhook is told.
type told struct {
	ID   string `json:"id"`
	Type Type   `json:"type"`
	At   string `json:"at"`
	Data data   `json:"data"`
}

type data struct {
	User     string         `json:"user,omitempty"`
	UserName string         `json:"user_name,omitempty"`
	Client   string         `json:"client,omitempty"`
	IP       string         `json:"ip,omitempty"`
	Device   string         `json:"device,omitempty"`
	Detail   map[string]any `json:"detail,omitempty"`
}

// call is one webhook to be called.
type call struct {
	Event string          `json:"event"`
	URL   string          `json:"url"`
	Body  json.RawMessage `json:"body"`
}

// Deliver spreads one event. Spreading twice adds nothing.
func (s *Spread) Deliver(ctx context.Context, _ string, payload []byte) error {
	var e Event
	if err := json.Unmarshal(payload, &e); err != nil {
		return &outbox.FinalError{Err: fmt.Errorf("read a security event: %w", err)}
	}
	name, err := s.nameOf(ctx, e.User)
	if err != nil {
		return err
	}
	body, err := json.Marshal(told{
		ID: e.ID, Type: e.Type, At: e.At.Format("2006-01-02T15:04:05.000Z07:00"),
		Data: data{User: e.User, UserName: name, Client: e.Client, IP: e.IP, Device: e.Device, Detail: e.Detail},
	})
	if err != nil {
		return fmt.Errorf("write a security event: %w", err)
	}
	err = s.Outbox.DB.Write(ctx, func(tx *db.Tx) error {
		for _, address := range s.Webhooks {
			if err := s.callTx(tx, e, address, body); err != nil {
				return err
			}
		}
		for _, to := range s.AlertTo {
			if err := s.alertTx(tx, e, to, name); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("spread a security event: %w", err)
	}
	s.log().Warn("security event", "id", e.ID, "type", string(e.Type), "user", e.User, "client", e.Client, "ip", e.IP, "device", e.Device)
	return nil
}

func (s *Spread) callTx(tx *db.Tx, e Event, address string, body []byte) error {
	payload, err := json.Marshal(call{Event: e.ID, URL: address, Body: body})
	if err != nil {
		return err
	}
	return s.Outbox.AddTx(tx, outbox.Message{ID: partOf(e.ID, address), Kind: KindWebhook, Label: string(e.Type), UserID: e.User, Payload: payload})
}

func (s *Spread) alertTx(tx *db.Tx, e Event, to, name string) error {
	if !s.Letters.CanMail() {
		return nil
	}
	m, err := mail.Write("alert", to, mail.Gaps{
		"organisation": s.Letters.Sign(), "type": string(e.Type), "when": letters.When(e.At), "account": strings.TrimSpace(name + " " + e.User),
		"client": e.Client, "ip": e.IP, "device": e.Device, "detail": inWords(e.Detail),
	})
	if err != nil {
		return err
	}
	return s.Letters.MailTx(tx, letters.Mail{ID: partOf(e.ID, to), Label: string(e.Type), UserID: e.User, Message: m})
}

// Call delivers one webhook.
func (s *Spread) Call(ctx context.Context, _ string, payload []byte) error {
	var c call
	if err := json.Unmarshal(payload, &c); err != nil {
		return &outbox.FinalError{Err: fmt.Errorf("read a webhook: %w", err)}
	}
	if s.Poster == nil || !slices.Contains(s.Webhooks, c.URL) {
		return &outbox.DropError{Reason: "the webhook is not among the settings any more"}
	}
	err := s.Poster.Post(ctx, c.Event, c.URL, c.Body)
	if errors.Is(err, webhook.ErrGone) {
		return &outbox.FinalError{Err: err}
	}
	return err
}

func (s *Spread) nameOf(ctx context.Context, userID string) (string, error) {
	if userID == "" {
		return "", nil
	}
	u, err := s.Users.ByID(ctx, userID)
	if errors.Is(err, user.ErrNotFound) {
		return "", nil
	}
	return u.Name, err
}

// partOf is the id of what goes to one receiver, the same whenever an event is spread.
func partOf(event, receiver string) string {
	sum := sha256.Sum256([]byte(event + "\x00" + receiver))
	return "out_" + hex.EncodeToString(sum[:16])
}

func inWords(detail map[string]any) string {
	var parts []string
	for _, name := range slices.Sorted(maps.Keys(detail)) {
		parts = append(parts, fmt.Sprintf("%s: %v", name, detail[name]))
	}
	return strings.Join(parts, "; ")
}

func (s *Spread) log() *slog.Logger {
	if s.Log == nil {
		return slog.Default()
	}
	return s.Log
}
