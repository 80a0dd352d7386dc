package simulator

import (
	"context"
	"fmt"
	"time"

	"github.com/nod-idp/nod/devices/protocol"
)

// Requests returns the open requests for this phone.
func (p *Phone) Requests(ctx context.Context) ([]protocol.Request, error) {
	var answer protocol.Requests
	if err := p.call(ctx, protocol.VerbRequests, protocol.Empty{}, &answer); err != nil {
		return nil, err
	}
	p.setClock(answer.ServerTime.Time)
	return answer.Requests, nil
}

// setClock takes over the server's time where it is worth it: a passcode that is typed
// counts for a minute, and a request takes its time on the way.
func (p *Phone) setClock(server time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	const noise = 2 * time.Second
	if offset := server.Sub(p.now()); !server.IsZero() && (offset-p.signer.Offset).Abs() > noise {
		p.signer.Offset = offset
	}
}

// Open shows one request, which the server takes note of.
func (p *Phone) Open(ctx context.Context, id string) (protocol.Request, error) {
	var r protocol.Request
	err := p.call(ctx, protocol.VerbRequest, protocol.ChallengeRef{Challenge: id}, &r)
	return r, err
}

// Approve opens a request and approves it with the number of the login page, ""
// if it shows none, and the PIN, "" if the phone has none. It returns the passcode
// that the phone made and sent; error or not, the server had the last word.
func (p *Phone) Approve(ctx context.Context, id, number, pin string) (passcode string, err error) {
	r, err := p.Open(ctx, id)
	if err != nil {
		return "", err
	}
	return p.ApproveRequest(ctx, r, number, pin)
}

// ApproveRequest approves a request that was fetched before.
func (p *Phone) ApproveRequest(ctx context.Context, r protocol.Request, number, pin string) (passcode string, err error) {
	switch {
	case r.Account != p.record.Account.ID:
		return "", fmt.Errorf("approve: the request is for another account, %q", r.Account)
	case r.MatchDigits > 0 && number == "":
		return "", ErrNumberNeeded
	case p.record.PIN != nil && pin == "":
		return "", ErrPINNeeded
	}
	var half []byte
	if p.record.PIN != nil {
		if err := protocol.ValidPIN(pin); err != nil {
			return "", err
		}
		if half, err = p.half(ctx, r.ID); err != nil {
			return "", err
		}
	}
	approval := r.Approval(p.record.Issuer, p.record.DeviceID, number, protocol.Approve)
	question, hash := protocol.Question(approval), protocol.ApprovalHash(approval)
	if passcode, err = p.passcode(question[:], pin, half); err != nil {
		return "", fmt.Errorf("approve: %w", err)
	}
	return passcode, p.answer(ctx, protocol.Answer{
		Challenge: r.ID, Verdict: protocol.Approve, Number: number, Passcode: passcode, Hash: hash[:],
	})
}

// Deny says no.
func (p *Phone) Deny(ctx context.Context, id string) error {
	return p.answer(ctx, protocol.Answer{Challenge: id, Verdict: protocol.Deny})
}

// Report says no, and that the person had not asked for it.
func (p *Phone) Report(ctx context.Context, id string) error {
	return p.answer(ctx, protocol.Answer{Challenge: id, Verdict: protocol.Report})
}

// half fetches the server's half of the PIN path, to be used at once.
func (p *Phone) half(ctx context.Context, challenge string) ([]byte, error) {
	var answer protocol.PINHalf
	err := p.call(ctx, protocol.VerbPINHalf, protocol.ChallengeRef{Challenge: challenge}, &answer)
	return answer.Half, err
}

func (p *Phone) answer(ctx context.Context, a protocol.Answer) error {
	var answered protocol.Answered
	return p.call(ctx, protocol.VerbAnswer, a, &answered)
}

// Subscribe tells the server where this phone can be woken: PushSubscriptionJSON (W3C Push
// API, section 8).
func (p *Phone) Subscribe(ctx context.Context, subscription []byte) error {
	var state protocol.PushState
	return p.call(ctx, protocol.VerbSubscribe, protocol.Subscribe{Subscription: subscription}, &state)
}

// SetPush says whether the server shall wake this phone.
func (p *Phone) SetPush(ctx context.Context, on bool) error {
	var state protocol.PushState
	return p.call(ctx, protocol.VerbPush, protocol.PushSetting{On: &on}, &state)
}
