package trace

import (
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/nod-idp/nod/internal/secret"
)

// FromEnvironment makes a tracer as the variables of OpenTelemetry ask for it (OpenTelemetry
// Environment Variable Specification), nil where none does. getenv is os.Getenv. The error
// names the variable that cannot be followed, and never repeats a header.
func FromEnvironment(getenv func(string) string, version string, log *slog.Logger) (*Tracer, error) {
	endpoint, err := endpoint(getenv)
	if err != nil || endpoint == "" {
		return nil, err
	}
	t := &Tracer{endpoint: endpoint, log: log, every: sendEvery, queue: make(chan *Span, queueLength)}
	t.client = &http.Client{
		Transport:     &http.Transport{MaxIdleConnsPerHost: 2, ResponseHeaderTimeout: sendWithin, IdleConnTimeout: 2 * sendEvery},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	if t.headers, err = headers(or(getenv("OTEL_EXPORTER_OTLP_TRACES_HEADERS"), getenv("OTEL_EXPORTER_OTLP_HEADERS"))); err != nil {
		return nil, err
	}
	if t.resource, err = resource(getenv, version); err != nil {
		return nil, err
	}
	t.sampler, err = sampling(getenv("OTEL_TRACES_SAMPLER"), getenv("OTEL_TRACES_SAMPLER_ARG"))
	return t, err
}

// endpoint is where spans are sent to, "" for nowhere.
func endpoint(getenv func(string) string) (string, error) {
	base, whole := getenv("OTEL_EXPORTER_OTLP_ENDPOINT"), getenv("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")
	switch exporter := getenv("OTEL_TRACES_EXPORTER"); {
	case strings.EqualFold(getenv("OTEL_SDK_DISABLED"), "true"), exporter == "none":
		return "", nil
	case exporter != "" && exporter != "otlp":
		return "", fmt.Errorf("OTEL_TRACES_EXPORTER is %q; nod knows otlp and none", exporter)
	case exporter == "" && base == "" && whole == "":
		return "", nil
	}
	name := "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"
	if whole == "" {
		name, whole = "OTEL_EXPORTER_OTLP_ENDPOINT", strings.TrimSuffix(or(base, "http://localhost:4318"), "/")+"/v1/traces"
	}
	if p := or(getenv("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL"), getenv("OTEL_EXPORTER_OTLP_PROTOCOL")); p != "" && p != "http/json" {
		return "", fmt.Errorf("OTEL_EXPORTER_OTLP_PROTOCOL is %q; nod speaks http/json, which collectors take on port 4318", p)
	}
	u, err := url.Parse(whole)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" || u.User != nil {
		return "", errors.New(name + " is not an http or https URL without a user")
	}
	return whole, nil
}

// headers reads name=value, separated by commas, each value encoded as in a URL.
func headers(text string) (map[string]secret.Text, error) {
	all := map[string]secret.Text{}
	for pair := range strings.SplitSeq(text, ",") {
		if strings.TrimSpace(pair) == "" {
			continue
		}
		name, value, found := strings.Cut(pair, "=")
		value, err := url.PathUnescape(strings.TrimSpace(value))
		if name = strings.TrimSpace(name); !found || err != nil || name == "" || strings.ContainsAny(name+value, "\r\n") {
			return nil, errors.New("OTEL_EXPORTER_OTLP_HEADERS is not name=value, separated by commas")
		}
		all[name] = secret.Text(value)
	}
	return all, nil
}

func resource(getenv func(string) string, version string) ([]attribute, error) {
	text := func(key, value string) attribute { return attribute{key, attributeValue{String: &value}} }
	name := "nod"
	var all []attribute
	for pair := range strings.SplitSeq(getenv("OTEL_RESOURCE_ATTRIBUTES"), ",") {
		if strings.TrimSpace(pair) == "" {
			continue
		}
		key, value, found := strings.Cut(pair, "=")
		value, err := url.PathUnescape(strings.TrimSpace(value))
		if key = strings.TrimSpace(key); !found || err != nil || key == "" {
			return nil, errors.New("OTEL_RESOURCE_ATTRIBUTES is not key=value, separated by commas")
		}
		if key == "service.name" {
			name = value
			continue
		}
		all = append(all, text(key, value))
	}
	return append([]attribute{text("service.name", or(getenv("OTEL_SERVICE_NAME"), name)), text("service.version", version)}, all...), nil
}

func sampling(name, argument string) (sampler, error) {
	s := sampler{ratio: 1}
	rest, byParent := strings.CutPrefix(name, "parentbased_")
	s.byParent = byParent || name == ""
	switch rest {
	case "", "always_on":
	case "always_off":
		s.ratio = 0
	case "traceidratio":
		ratio, err := strconv.ParseFloat(or(argument, "1"), 64)
		if err != nil || !(ratio >= 0 && ratio <= 1) {
			return s, fmt.Errorf("OTEL_TRACES_SAMPLER_ARG is %q, not a number from 0 to 1", argument)
		}
		s.ratio = ratio
	default:
		return s, fmt.Errorf("OTEL_TRACES_SAMPLER is %q; nod knows always_on, always_off and traceidratio, each also after parentbased_", name)
	}
	return s, nil
}

func or(s, otherwise string) string {
	if s == "" {
		return otherwise
	}
	return s
}
