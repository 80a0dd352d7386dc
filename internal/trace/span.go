// Package trace tells an OpenTelemetry collector what a request spent its time on. It owns
// spans, which of them are kept, and the way to the collector: OTLP over HTTP as JSON. What
// is worth a span is left to the rooms.
//
// Without a tracer a context carries no span, and everything here does nothing: that is one
// look into the context, no lock and no memory. Spans hold names that the program gives,
// never an address, a query, a text of an error or anything that a person typed.
//
// The official exporter would bring gRPC into the binary also where it speaks HTTP, and with
// it four megabytes.
package trace

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"strconv"
	"sync"
	"time"
)

// Kind says on which side of a connection a span is.
type Kind int

// The kinds, with the numbers of the protocol.
const (
	Internal Kind = 1
	Server   Kind = 2
	Client   Kind = 3
)

// Span is something that takes time. A nil one is not kept, and all its methods do nothing.
type Span struct {
	tracer  *Tracer
	traceID [16]byte
	id      [8]byte
	parent  [8]byte // zero: the first of its trace
	name    string
	kind    Kind
	began   time.Time

	mu         sync.Mutex
	ended      time.Time
	failed     bool
	attributes []attribute
}

type spanKey struct{}

// Start begins a span below the one of ctx, nil if there is none. Whoever begins a span
// ends it.
func Start(ctx context.Context, kind Kind, name string) *Span {
	above, _ := ctx.Value(spanKey{}).(*Span)
	if above == nil {
		return nil
	}
	return above.tracer.begin(above.traceID, above.id, kind, name)
}

// With returns a context under which spans are below s.
func (s *Span) With(ctx context.Context) context.Context {
	if s == nil {
		return ctx
	}
	return context.WithValue(ctx, spanKey{}, s)
}

// TraceID is the id that all spans of the trace share, "" of a span that is not kept.
func (s *Span) TraceID() string {
	if s == nil {
		return ""
	}
	return hex.EncodeToString(s.traceID[:])
}

// Name calls the span otherwise than at its beginning.
func (s *Span) Name(name string) {
	if s != nil {
		s.name = name
	}
}

// Set says something about the span.
func (s *Span) Set(key, value string) {
	if s != nil {
		kept := value // a copy, so that nothing is kept where nothing is traced
		s.set(key, attributeValue{String: &kept})
	}
}

// SetInt says something about the span in a number.
func (s *Span) SetInt(key string, value int) {
	if s != nil {
		text := strconv.Itoa(value)
		s.set(key, attributeValue{Int: &text})
	}
}

func (s *Span) set(key string, value attributeValue) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.attributes = append(s.attributes, attribute{key, value})
}

// End ends the span, failed or not, and lets it go to the collector.
func (s *Span) End(failed bool) {
	if s == nil {
		return
	}
	s.mu.Lock()
	again := !s.ended.IsZero()
	s.ended, s.failed = time.Now(), failed
	s.mu.Unlock()
	if !again {
		s.tracer.keep(s)
	}
}

func (t *Tracer) begin(traceID [16]byte, parent [8]byte, kind Kind, name string) *Span {
	s := &Span{tracer: t, traceID: traceID, parent: parent, kind: kind, name: name, began: time.Now()}
	_, _ = rand.Read(s.id[:])
	return s
}
