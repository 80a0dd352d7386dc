package trace

import (
	"bytes"
	"context"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"time"
)

// Pace of sending.
const (
	queueLength = 2048
	batchLength = 512
	sendEvery   = 5 * time.Second
	sendWithin  = 10 * time.Second
	warnEvery   = time.Minute
)

// Run sends what was kept until ctx ends, and the rest of it before it returns.
func (t *Tracer) Run(ctx context.Context) {
	if t == nil {
		return
	}
	tick := time.NewTicker(t.every)
	defer tick.Stop()
	var batch []*Span
	var warned time.Time
	send := func(ctx context.Context) {
		if len(batch) == 0 {
			return
		}
		if err := t.send(ctx, batch); err != nil {
			t.dropped.Add(uint64(len(batch)))
			if time.Since(warned) > warnEvery {
				t.log.Warn("spans did not reach the collector", "error", err)
				warned = time.Now()
			}
		}
		batch = batch[:0]
	}
	for {
		select {
		case s := <-t.queue:
			if batch = append(batch, s); len(batch) == batchLength {
				send(ctx)
			}
		case <-tick.C:
			send(ctx)
		case <-ctx.Done():
			for {
				select {
				case s := <-t.queue:
					batch = append(batch, s)
					continue
				default:
				}
				break
			}
			last, cancel := context.WithTimeout(context.WithoutCancel(ctx), sendWithin/4)
			send(last)
			cancel()
			return
		}
	}
}

func (t *Tracer) send(ctx context.Context, batch []*Span) error {
	body, err := t.encode(batch)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, sendWithin)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, t.endpoint, bytes.NewReader(body))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("User-Agent", "nod")
	for name, value := range t.headers {
		req.Header.Set(name, value.Reveal())
	}
	resp, err := t.client.Do(req)
	if err != nil {
		return err
	}
	_, _ = io.CopyN(io.Discard, resp.Body, 64<<10)
	_ = resp.Body.Close()
	if resp.StatusCode/100 != 2 {
		return fmt.Errorf("the collector answered %d", resp.StatusCode)
	}
	return nil
}

// What follows is ExportTraceServiceRequest of OTLP 1.x in its JSON form: ids in
// hexadecimal, 64-bit numbers as strings.
type (
	attribute struct {
		Key   string         `json:"key"`
		Value attributeValue `json:"value"`
	}
	attributeValue struct {
		String *string `json:"stringValue,omitempty"`
		Int    *string `json:"intValue,omitempty"`
	}
	request struct {
		ResourceSpans []resourceSpans `json:"resourceSpans"`
	}
	resourceSpans struct {
		Resource struct {
			Attributes []attribute `json:"attributes"`
		} `json:"resource"`
		ScopeSpans []scopeSpans `json:"scopeSpans"`
	}
	scopeSpans struct {
		Scope struct {
			Name string `json:"name"`
		} `json:"scope"`
		Spans []span `json:"spans"`
	}
	span struct {
		TraceID    string      `json:"traceId"`
		SpanID     string      `json:"spanId"`
		Parent     string      `json:"parentSpanId,omitempty"`
		Name       string      `json:"name"`
		Kind       Kind        `json:"kind"`
		Start      string      `json:"startTimeUnixNano"`
		End        string      `json:"endTimeUnixNano"`
		Attributes []attribute `json:"attributes,omitempty"`
		Status     *status     `json:"status,omitempty"`
	}
	status struct {
		Code int `json:"code"`
	}
)

// statusError is STATUS_CODE_ERROR.
const statusError = 2

func (t *Tracer) encode(batch []*Span) ([]byte, error) {
	var scope scopeSpans
	scope.Scope.Name = "github.com/nod-idp/nod"
	for _, s := range batch {
		scope.Spans = append(scope.Spans, s.told())
	}
	all := resourceSpans{ScopeSpans: []scopeSpans{scope}}
	all.Resource.Attributes = t.resource
	return json.Marshal(request{[]resourceSpans{all}})
}

func (s *Span) told() span {
	s.mu.Lock()
	defer s.mu.Unlock()
	told := span{
		TraceID: hex.EncodeToString(s.traceID[:]), SpanID: hex.EncodeToString(s.id[:]), Name: s.name, Kind: s.kind,
		Start: strconv.FormatInt(s.began.UnixNano(), 10), End: strconv.FormatInt(s.began.Add(s.ended.Sub(s.began)).UnixNano(), 10),
		Attributes: s.attributes,
	}
	if s.parent != [8]byte{} {
		told.Parent = hex.EncodeToString(s.parent[:])
	}
	if s.failed {
		told.Status = &status{statusError}
	}
	return told
}
