package simulator

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/nod-idp/nod/devices/protocol"
)

const (
	callTime  = 30 * time.Second
	maxAnswer = 1 << 20
)

// call sends one request and reads its answer. When the server refuses the clock it
// learns the server's time and sends the request once more, signed anew.
func (p *Phone) call(ctx context.Context, verb string, message, answer any) error {
	ctx, cancel := context.WithTimeout(ctx, callTime)
	defer cancel()
	resp, err := p.send(ctx, verb, message)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer))
	if err != nil {
		return fmt.Errorf("%s: read answer: %w", verb, err)
	}
	if err := json.Unmarshal(body, answer); err != nil {
		return fmt.Errorf("%s: the answer is not what was expected: %w", verb, err)
	}
	return nil
}

// send returns the answer to a request that the server took, and an error for
// every other.
func (p *Phone) send(ctx context.Context, verb string, message any) (*http.Response, error) {
	resp, err := p.post(ctx, verb, message)
	if err != nil || resp.StatusCode == http.StatusOK {
		return resp, err
	}
	refusal := readRefusal(verb, resp)
	if !errors.Is(refusal, protocol.ErrUseNonce) {
		return nil, refusal
	}
	if err := p.learn(resp.Header.Get("DPoP-Nonce")); err != nil {
		return nil, fmt.Errorf("%w (%w)", refusal, err)
	}
	resp, err = p.post(ctx, verb, message)
	if err != nil || resp.StatusCode == http.StatusOK {
		return resp, err
	}
	return nil, readRefusal(verb, resp)
}

func (p *Phone) post(ctx context.Context, verb string, message any) (*http.Response, error) {
	p.mu.Lock()
	body, proof, err := p.signer.Sign(verb, message, p.now())
	p.mu.Unlock()
	if err != nil {
		return nil, err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, protocol.URL(p.record.Server, verb), bytes.NewReader(body))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", verb, err)
	}
	req.Header.Set("Content-Type", protocol.ContentType)
	req.Header.Set("DPoP", proof)
	resp, err := p.client.Do(req)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", verb, err)
	}
	return resp, nil
}

func (p *Phone) learn(nonce string) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.signer.Learn(nonce, p.now())
}

// readRefusal makes an error of an answer that is not 200. What is no answer of the
// device protocol, such as the page of a proxy in between, becomes ErrUnavailable.
func readRefusal(verb string, resp *http.Response) error {
	defer resp.Body.Close()
	refusal := &protocol.Error{}
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer))
	if err != nil || json.Unmarshal(body, refusal) != nil || refusal.Code == "" || resp.StatusCode >= 500 {
		return fmt.Errorf("%s: %w: the server answered %s", verb, protocol.ErrUnavailable, resp.Status)
	}
	if refusal.Message == "" {
		refusal.Message = "the server answered " + resp.Status
	}
	return fmt.Errorf("%s: %w", verb, refusal)
}

// final reports whether asking again is useless.
func final(err error) bool {
	for _, code := range []protocol.Code{
		protocol.ErrUnknownDevice, protocol.ErrDeviceSuspended, protocol.ErrInvalidProof, protocol.ErrInvalidRequest,
	} {
		if errors.Is(err, code) {
			return true
		}
	}
	return false
}
