// Package ciba lets clients ask a person by themselves, without any browser: a call
// centre, a cash desk (OpenID Connect Client-Initiated Backchannel Authentication Core
// 1.0, in the modes poll and ping). It owns the table inquiries: what a client asked, and
// what became of it. It leaves prompts and their budget to mfa, which never lets an
// inquiry end a browser's request; tokens to idp/token; and how requests and answers look
// to web/oidc.
//
// Words: an inquiry is one such request. The polling client takes the place that a
// browser has in a login: when it comes for its tokens, the passcode that the device sent
// is verified, once. An inquiry about nobody waits and expires like one about somebody
// who does not answer.
package ciba

import (
	"context"
	"log/slog"
	"time"

	"github.com/nod-idp/nod/idp/client"
	"github.com/nod-idp/nod/idp/token"
	"github.com/nod-idp/nod/idp/user"
	"github.com/nod-idp/nod/internal/db"
	"github.com/nod-idp/nod/internal/outbound"
	"github.com/nod-idp/nod/internal/outbox"
	"github.com/nod-idp/nod/internal/random"
	"github.com/nod-idp/nod/internal/seal"
	"github.com/nod-idp/nod/mfa"
)

// Inquiries carries inquiries. All fields but the last two must be set.
type Inquiries struct {
	DB       *db.DB
	Box      *seal.Box
	Epoch    int64
	Users    *user.Users
	Clients  *client.Clients
	Tokens   *token.Tokens
	MFA      *mfa.Service
	Outbox   *outbox.Outbox
	Outbound *outbound.Client
	// Demand is what the person has to prove on their device.
	Demand func(ctx context.Context, clientID, userID string) (mfa.Demand, error)
	Now    func() time.Time // nil means time.Now
	Log    *slog.Logger     // nil means slog.Default()
}

const (
	// usual is how long an inquiry waits for its person unless the client wants otherwise,
	// longest the most it can want.
	usual   = 2 * time.Minute
	longest = 5 * time.Minute
	// kept is how long an inquiry is remembered after that, so that a client learns that it
	// is too late.
	kept = time.Hour
)

// codePrefix opens an auth_req_id.
const codePrefix = "ncb"

// authReqID is what the client knows an inquiry by. It is derived from the inquiry's id
// under a key that the database does not hold, since a ping has to tell it once more
// although only its hash is stored.
func (q *Inquiries) authReqID(id string) string {
	return random.Encode(codePrefix, q.Box.MAC("auth-req-id", id))
}

// place is where the token of a client's callback is sealed for.
func place(id string) seal.Place {
	return seal.Place{Table: "inquiries", Row: id, Column: "notification"}
}

// topic is announced when inquiries were added.
const topic = "inquiries"

func (q *Inquiries) now() time.Time {
	if q.Now == nil {
		return time.Now()
	}
	return q.Now()
}

func (q *Inquiries) log() *slog.Logger {
	if q.Log == nil {
		return slog.Default()
	}
	return q.Log
}
