package metric

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"
)

func written(t *testing.T, r *Registry) string {
	t.Helper()
	var b strings.Builder
	if err := r.Write(&b); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestTheFiguresAreWrittenAsPrometheusReadsThem(t *testing.T) {
	var r Registry
	r.Counter("a_total", "All of a.").Add(3)
	b := r.Counters("b_total", "All of b.", "kind", "result")
	b.With("x", "ok").Inc()
	b.With("x", "ok").Inc()
	b.With(`q"\`+"\n", "no").Inc()
	r.CounterOf("c_total", "All of c.", func() float64 { return 1.5 })
	r.Gauge("d", "How much d.", func() float64 { return -2 })
	r.Gauges("e", "How much e.", []string{"name"}, func(set Set) { set(1, "one"); set(2, "two") })
	h := r.Durations("f_seconds", "How long f took.", 100*time.Millisecond, time.Second)
	for _, d := range []time.Duration{100 * time.Millisecond, 101 * time.Millisecond, time.Minute} {
		h.Took(d)
	}
	r.Sizes("g", "How many g.", 1, 2).Observe(2)
	r.DurationsBy("route", "h_seconds", "How long h took.", time.Second).With("/").Took(time.Second)
	r.Counters("never_total", "What nobody counted.", "kind")
	want := `# HELP a_total All of a.
# TYPE a_total counter
a_total 3
# HELP b_total All of b.
# TYPE b_total counter
b_total{kind="q\"\\\n",result="no"} 1
b_total{kind="x",result="ok"} 2
# HELP c_total All of c.
# TYPE c_total counter
c_total 1.5
# HELP d How much d.
# TYPE d gauge
d -2
# HELP e How much e.
# TYPE e gauge
e{name="one"} 1
e{name="two"} 2
# HELP f_seconds How long f took.
# TYPE f_seconds histogram
f_seconds_bucket{le="0.1"} 1
f_seconds_bucket{le="1"} 2
f_seconds_bucket{le="+Inf"} 3
f_seconds_sum 60.201
f_seconds_count 3
# HELP g How many g.
# TYPE g histogram
g_bucket{le="1"} 0
g_bucket{le="2"} 1
g_bucket{le="+Inf"} 1
g_sum 2
g_count 1
# HELP h_seconds How long h took.
# TYPE h_seconds histogram
h_seconds_bucket{route="/",le="1"} 1
h_seconds_bucket{route="/",le="+Inf"} 1
h_seconds_sum{route="/"} 1
h_seconds_count{route="/"} 1
`
	if got := written(t, &r); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

func TestWhatStrangersMayChooseCannotMakeSeriesWithoutEnd(t *testing.T) {
	var r Registry
	v := r.Counters("a_total", "All of a.", "name")
	for i := range 3 * maxSeries {
		v.With(fmt.Sprint(i)).Inc()
	}
	text := written(t, &r)
	if n := strings.Count(text, "a_total{"); n != maxSeries {
		t.Errorf("got %d series, want %d", n, maxSeries)
	}
	if !strings.Contains(text, fmt.Sprintf("a_total{name=%q} %d\n", beyond, 2*maxSeries+1)) {
		t.Errorf("want the others counted together in\n%s", text[len(text)-200:])
	}
}

func TestNothingIsLostAmongMany(t *testing.T) {
	var r Registry
	v := r.Counters("a_total", "All of a.", "name")
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for i := range 1000 {
				v.With(string(rune('a' + i%7))).Inc()
			}
		})
	}
	wg.Wait()
	var sum uint64
	for i := range 7 {
		sum += v.With(string(rune('a' + i))).n.Load()
	}
	if sum != 8000 {
		t.Errorf("got %d, want 8000", sum)
	}
}

func TestANameIsThereOnce(t *testing.T) {
	for name, add := range map[string]func(*Registry){
		"twice":        func(r *Registry) { r.Counter("a", "A."); r.Counter("a", "A.") },
		"no name":      func(r *Registry) { r.Counter("", "A.") },
		"not a name":   func(r *Registry) { r.Counter("a-b", "A.") },
		"no help":      func(r *Registry) { r.Counter("a", "") },
		"a long help":  func(r *Registry) { r.Counter("a", "A.\nB.") },
		"no label":     func(r *Registry) { r.Counters("a", "A.") },
		"many of them": func(r *Registry) { r.Counters("a", "A.", "a", "b", "c", "d") },
	} {
		t.Run(name, func(t *testing.T) {
			defer func() {
				if recover() == nil {
					t.Error("it was taken")
				}
			}()
			add(&Registry{})
		})
	}
}

func TestCountingCostsNoMemory(t *testing.T) {
	var r Registry
	v := r.Counters("a_total", "All of a.", "route", "class")
	h := r.DurationsBy("route", "b_seconds", "B.", time.Millisecond, time.Second)
	route := strings.Repeat("x", 40)
	if n := testing.AllocsPerRun(100, func() {
		v.With(route, "2xx").Inc()
		h.With(route).Took(time.Second)
	}); n != 0 {
		t.Errorf("got %v allocations, want none", n)
	}
}

func BenchmarkCount(b *testing.B) {
	var r Registry
	v := r.Counters("a_total", "All of a.", "route", "class")
	h := r.DurationsBy("route", "b_seconds", "B.", time.Millisecond, time.Second)
	for b.Loop() {
		v.With("POST /oauth/token", "2xx").Inc()
		h.With("POST /oauth/token").Took(5 * time.Millisecond)
	}
}
