package trace

import (
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// collector keeps what is sent to it.
type collector struct {
	*httptest.Server
	got    chan []span
	header chan http.Header
	status int
}

func collect(t *testing.T) *collector {
	t.Helper()
	c := &collector{got: make(chan []span, 8), header: make(chan http.Header, 8), status: http.StatusOK}
	c.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var all request
		if err := json.NewDecoder(r.Body).Decode(&all); err != nil || r.URL.Path != "/v1/traces" || r.Header.Get("Content-Type") != "application/json" {
			t.Errorf("got %s %v, %v", r.URL, r.Header, err)
			return
		}
		c.header <- r.Header
		c.got <- all.ResourceSpans[0].ScopeSpans[0].Spans
		w.WriteHeader(c.status)
	}))
	t.Cleanup(c.Close)
	return c
}

func environment(pairs ...string) func(string) string {
	return func(name string) string {
		for i := 0; i < len(pairs); i += 2 {
			if pairs[i] == name {
				return pairs[i+1]
			}
		}
		return ""
	}
}

// tracer is run until the function it returns is called.
func tracer(t *testing.T, log io.Writer, pairs ...string) (*Tracer, func()) {
	t.Helper()
	tr, err := FromEnvironment(environment(pairs...), "1.2.3", slog.New(slog.NewJSONHandler(log, nil)))
	if err != nil || tr == nil {
		t.Fatalf("got %v, %v", tr, err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		tr.Run(ctx)
	}()
	return tr, func() { cancel(); <-done }
}

const (
	parent        = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01" // W3C Trace Context, section 3.2
	parentUnasked = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00"
)

func TestARequestAndWhatItWaitedForReachTheCollector(t *testing.T) {
	c := collect(t)
	tr, stop := tracer(t, io.Discard, "OTEL_EXPORTER_OTLP_ENDPOINT", c.URL+"/", "OTEL_EXPORTER_OTLP_HEADERS", "authorization=Bearer%20canary, x=y")
	ctx, s := tr.Request(t.Context(), parent)
	below := Start(ctx, Client, "database write")
	below.Set("a", "b")
	below.End(true)
	s.Name("GET /x")
	s.SetInt("http.response.status_code", 200)
	s.End(false)
	s.End(false)
	stop()
	if h := <-c.header; h.Get("Authorization") != "Bearer canary" || h.Get("X") != "y" {
		t.Errorf("got the headers %v", h)
	}
	got := <-c.got
	if len(got) != 2 {
		t.Fatalf("got %d spans, want 2: %+v", len(got), got)
	}
	w, r := got[0], got[1]
	if w.Name != "database write" || w.Kind != Client || w.Parent != r.SpanID || w.TraceID != r.TraceID || w.Status == nil || w.Status.Code != 2 ||
		w.Attributes[0].Key != "a" || *w.Attributes[0].Value.String != "b" {
		t.Errorf("got %+v below", w)
	}
	if r.Name != "GET /x" || r.Kind != Server || r.Parent != "00f067aa0ba902b7" || r.TraceID != "4bf92f3577b34da6a3ce929d0e0e4736" ||
		r.Status != nil || *r.Attributes[0].Value.Int != "200" || r.End < r.Start || s.TraceID() != r.TraceID {
		t.Errorf("got %+v", r)
	}
}

func TestWithoutATracerNothingIsDone(t *testing.T) {
	var none *Tracer
	none.Run(t.Context())
	ctx := t.Context()
	if n := testing.AllocsPerRun(100, func() {
		ctx, s := none.Request(ctx, parent)
		below := Start(ctx, Internal, "x")
		below.Set("a", "b")
		below.SetInt("a", 1)
		below.End(false)
		s.Name("y")
		s.End(true)
		if s.With(ctx) != ctx || s.TraceID() != "" || none.Dropped() != 0 {
			t.Error("something was done")
		}
	}); n != 0 {
		t.Errorf("got %v allocations, want none", n)
	}
}

func TestTheEnvironmentDecidesWhatIsTraced(t *testing.T) {
	const at, url = "OTEL_EXPORTER_OTLP_ENDPOINT", "http://localhost:4318"
	for name, row := range map[string]struct {
		environment []string
		traced      bool
		to          string // "" for nowhere
		wrong       string // what the error names
	}{
		"nothing":            {},
		"another's":          {environment: []string{"OTEL_SERVICE_NAME", "x"}},
		"an endpoint":        {[]string{at, url}, true, url + "/v1/traces", ""},
		"one for traces":     {[]string{at, url, "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "https://c.example/x"}, true, "https://c.example/x", ""},
		"an exporter":        {[]string{"OTEL_TRACES_EXPORTER", "otlp"}, true, url + "/v1/traces", ""},
		"no exporter":        {environment: []string{at, url, "OTEL_TRACES_EXPORTER", "none"}},
		"disabled":           {environment: []string{at, url, "OTEL_SDK_DISABLED", "TRUE"}},
		"never":              {[]string{at, url, "OTEL_TRACES_SAMPLER", "always_off"}, false, url + "/v1/traces", ""},
		"a ratio of none":    {[]string{at, url, "OTEL_TRACES_SAMPLER", "traceidratio", "OTEL_TRACES_SAMPLER_ARG", "0"}, false, url + "/v1/traces", ""},
		"a ratio of all":     {[]string{at, url, "OTEL_TRACES_SAMPLER", "parentbased_traceidratio", "OTEL_TRACES_SAMPLER_ARG", "1"}, true, url + "/v1/traces", ""},
		"gRPC":               {environment: []string{at, url, "OTEL_EXPORTER_OTLP_PROTOCOL", "grpc"}, wrong: "PROTOCOL"},
		"another exporter":   {environment: []string{"OTEL_TRACES_EXPORTER", "zipkin"}, wrong: "EXPORTER"},
		"no URL":             {environment: []string{at, "localhost:4318"}, wrong: at},
		"a user in it":       {environment: []string{at, "http://u:canary@localhost"}, wrong: at},
		"a bad ratio":        {environment: []string{at, url, "OTEL_TRACES_SAMPLER", "traceidratio", "OTEL_TRACES_SAMPLER_ARG", "2"}, wrong: "ARG"},
		"an unknown sampler": {environment: []string{at, url, "OTEL_TRACES_SAMPLER", "jaeger_remote"}, wrong: "SAMPLER"},
		"a broken header":    {environment: []string{at, url, "OTEL_EXPORTER_OTLP_HEADERS", "canary"}, wrong: "HEADERS"},
		"a header of two":    {environment: []string{at, url, "OTEL_EXPORTER_OTLP_HEADERS", "a=canary%0d%0ab"}, wrong: "HEADERS"},
		"a broken attribute": {environment: []string{at, url, "OTEL_RESOURCE_ATTRIBUTES", "x"}, wrong: "ATTRIBUTES"},
	} {
		t.Run(name, func(t *testing.T) {
			tr, err := FromEnvironment(environment(row.environment...), "1", slog.Default())
			if row.wrong != "" {
				if err == nil || !strings.Contains(err.Error(), row.wrong) || strings.Contains(err.Error(), "canary") {
					t.Errorf("got %v, want an error about %s", err, row.wrong)
				}
				return
			}
			if err != nil || (tr != nil) != (row.to != "") || tr != nil && tr.endpoint != row.to {
				t.Fatalf("got %+v, %v", tr, err)
			}
			if _, s := tr.Request(t.Context(), ""); (s != nil) != row.traced {
				t.Errorf("traced: got %v, want %v", s != nil, row.traced)
			}
		})
	}
}

func TestAProxyThatDecidedIsFollowed(t *testing.T) {
	for _, row := range []struct {
		sampler, parent string
		traced          bool
	}{
		{"", parent, true}, {"", parentUnasked, false}, {"parentbased_always_off", parent, true}, {"always_on", parentUnasked, true}, {"always_off", parent, false},
	} {
		tr, err := FromEnvironment(environment("OTEL_TRACES_EXPORTER", "otlp", "OTEL_TRACES_SAMPLER", row.sampler), "1", slog.Default())
		if err != nil {
			t.Fatal(err)
		}
		if _, s := tr.Request(t.Context(), row.parent); (s != nil) != row.traced {
			t.Errorf("%q with %s: got %v", row.sampler, row.parent, s != nil)
		}
	}
}

func TestACollectorThatFailsCostsNothingButSpans(t *testing.T) {
	c := collect(t)
	c.status = http.StatusUnauthorized
	var log strings.Builder
	tr, stop := tracer(t, &log, "OTEL_EXPORTER_OTLP_ENDPOINT", c.URL, "OTEL_EXPORTER_OTLP_HEADERS", "authorization=canary")
	_, s := tr.Request(t.Context(), "")
	s.End(false)
	stop()
	if tr.Dropped() != 1 || !strings.Contains(log.String(), "401") || strings.Contains(log.String(), "canary") {
		t.Errorf("got %d dropped and the log %s", tr.Dropped(), &log)
	}
	for range queueLength + 3 { // nobody sends any more
		_, s := tr.Request(t.Context(), "")
		s.End(false)
	}
	if tr.Dropped() != 4 {
		t.Errorf("got %d dropped, want 4", tr.Dropped())
	}
}

func FuzzTraceparent(f *testing.F) {
	for _, seed := range []string{parent, parentUnasked, "", "00-0-0-0", "ff" + parent[2:], "01" + parent[2:] + "-x", strings.ToUpper(parent),
		"00-00000000000000000000000000000000-00f067aa0ba902b7-01", parent + "-x"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, header string) {
		traceID, above, sampled, ok := parse(header)
		if !ok && (traceID != [16]byte{} && len(header) != 55 || sampled) {
			t.Errorf("%q: refused, and yet something of it is used", header)
		}
		if ok && (traceID == [16]byte{} || above == [8]byte{}) {
			t.Errorf("%q: taken without an id", header)
		}
	})
}
