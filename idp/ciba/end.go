package ciba

import (
	"time"

	"github.com/nod-idp/nod/internal/db"
	"github.com/nod-idp/nod/mfa"
)

// resume is when a person is asked again whose browser went before the client.
const resume = 10 * time.Second

// SettleTx notes what became of the question, in the transaction in which its challenge
// moves; it is meant for mfa.Service.OnInquiry. A client with CIBAPing is called back,
// whatever the answer is.
func (q *Inquiries) SettleTx(tx *db.Tx, id string, to mfa.State) error {
	switch to {
	case mfa.Superseded: // a browser of the person's own goes first
		return q.waitAgainTx(tx, id, q.now().Add(resume))
	case mfa.Approved:
		return q.answeredTx(tx, id, approved)
	case mfa.Denied, mfa.Reported, mfa.Failed, mfa.Withdrawn:
		return q.answeredTx(tx, id, denied)
	}
	return nil
}

func (q *Inquiries) answeredTx(tx *db.Tx, id string, to state) error {
	r, moved, err := q.settleTx(tx, id, to)
	if err != nil || !moved || len(r.Notification) == 0 {
		return err
	}
	return q.pingTx(tx, r)
}
