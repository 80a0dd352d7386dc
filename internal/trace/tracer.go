package trace

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"encoding/hex"
	"log/slog"
	"math"
	"net/http"
	"strings"
	"sync/atomic"
	"time"

	"github.com/nod-idp/nod/internal/secret"
)

// Tracer decides which requests are traced and sends what it kept. FromEnvironment makes
// one. Its methods are safe for concurrent use; those of a nil one do nothing.
type Tracer struct {
	endpoint string
	headers  map[string]secret.Text
	resource []attribute
	sampler  sampler
	client   *http.Client
	log      *slog.Logger
	every    time.Duration

	queue   chan *Span
	dropped atomic.Uint64
}

// sampler says which traces are kept.
type sampler struct {
	byParent bool    // where a proxy of ours has decided already, its decision counts
	ratio    float64 // of the others
}

// Request begins the first span of nod in a request. parent is the header traceparent (W3C
// Trace Context) of somebody who may be believed, "" for none.
func (t *Tracer) Request(ctx context.Context, parent string) (context.Context, *Span) {
	if t == nil {
		return ctx, nil
	}
	traceID, above, sampled, given := parse(parent)
	if !given {
		_, _ = rand.Read(traceID[:])
	}
	if !given || !t.sampler.byParent {
		sampled = t.sampler.keeps(traceID)
	}
	if !sampled {
		return ctx, nil
	}
	s := t.begin(traceID, above, Server, "request")
	return s.With(ctx), s
}

// keeps decides by the id of the trace, so that all who sample at one ratio keep the same.
func (s sampler) keeps(traceID [16]byte) bool {
	return float64(binary.BigEndian.Uint64(traceID[8:])>>1) < s.ratio*float64(math.MaxInt64)
}

// parse reads version, trace id, parent id and flags, such as
// 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01.
func parse(header string) (traceID [16]byte, parent [8]byte, sampled, ok bool) {
	parts := strings.Split(header, "-")
	if len(parts) < 4 || len(parts) > 4 && parts[0] == "00" || len(parts[0]) != 2 || parts[0] == "ff" ||
		len(parts[1]) != 32 || len(parts[2]) != 16 || len(parts[3]) != 2 || header != strings.ToLower(header) {
		return traceID, parent, false, false
	}
	var version, flags [1]byte
	for _, field := range []struct {
		to   []byte
		text string
	}{{version[:], parts[0]}, {traceID[:], parts[1]}, {parent[:], parts[2]}, {flags[:], parts[3]}} {
		if _, err := hex.Decode(field.to, []byte(field.text)); err != nil {
			return [16]byte{}, [8]byte{}, false, false
		}
	}
	if traceID == [16]byte{} || parent == [8]byte{} {
		return [16]byte{}, [8]byte{}, false, false
	}
	return traceID, parent, flags[0]&1 == 1, true
}

// keep puts a span where Run finds it. Where the collector is too slow it is dropped.
func (t *Tracer) keep(s *Span) {
	select {
	case t.queue <- s:
	default:
		t.dropped.Add(1)
	}
}

// Dropped is how many spans did not reach the collector.
func (t *Tracer) Dropped() uint64 {
	if t == nil {
		return 0
	}
	return t.dropped.Load()
}
