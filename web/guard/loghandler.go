package guard

import (
	"context"
	"log/slog"
)

// LogRequests returns a handler that adds to every record that is logged within a request
// the id of that request, as the line of the request itself has it, and the trace.
func LogRequests(h slog.Handler) slog.Handler { return requestHandler{h} }

type requestHandler struct{ slog.Handler }

// Handle adds what is known of the request.
func (h requestHandler) Handle(ctx context.Context, r slog.Record) error {
	if l, ok := ctx.Value(lineKey{}).(*line); ok && r.Message != requestMessage {
		r.AddAttrs(slog.String("request", l.id))
		if l.trace != "" {
			r.AddAttrs(slog.String("trace", l.trace))
		}
	}
	return h.Handler.Handle(ctx, r)
}

// WithAttrs keeps adding.
func (h requestHandler) WithAttrs(attrs []slog.Attr) slog.Handler {
	return requestHandler{h.Handler.WithAttrs(attrs)}
}

// WithGroup keeps adding.
func (h requestHandler) WithGroup(name string) slog.Handler {
	return requestHandler{h.Handler.WithGroup(name)}
}
