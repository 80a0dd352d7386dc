package metrics

import (
	"bytes"
	"os"
	"runtime"
	gometrics "runtime/metrics"
	"strconv"
	"syscall"
	"time"

	"github.com/nod-idp/nod/internal/metric"
)

// addProcess adds what every Go program has, under the names that they have everywhere.
func addProcess(r *metric.Registry) {
	began := float64(time.Now().UnixMilli()) / 1000
	r.Gauge("process_start_time_seconds", "When the process was started, in seconds since 1970.", func() float64 { return began })
	r.CounterOf("process_cpu_seconds_total", "Processor time of the process.", processorSeconds)
	r.Gauge("process_resident_memory_bytes", "Memory that the process holds.", residentBytes)
	r.Gauge("process_open_fds", "Open files and connections.", openFiles)
	r.Gauge("process_max_fds", "How many files and connections may be open.", mostFiles)
	r.Gauge("go_goroutines", "Goroutines.", func() float64 { return float64(runtime.NumGoroutine()) })
	r.Gauge("go_gomaxprocs", "Cores that Go uses.", func() float64 { return float64(runtime.GOMAXPROCS(0)) })
	r.Gauge("go_heap_objects_bytes", "Memory of live objects and of those not yet swept.", runtimeFigure("/memory/classes/heap/objects:bytes"))
	r.CounterOf("go_gc_cycles_total", "Garbage collections.", runtimeFigure("/gc/cycles/total:gc-cycles"))
}

// runtimeFigure reads one figure of the Go runtime.
func runtimeFigure(name string) func() float64 {
	return func() float64 {
		sample := []gometrics.Sample{{Name: name}}
		gometrics.Read(sample)
		if sample[0].Value.Kind() != gometrics.KindUint64 {
			return 0
		}
		return float64(sample[0].Value.Uint64())
	}
}

func processorSeconds() float64 {
	var u syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &u) != nil {
		return 0
	}
	return float64(u.Utime.Nano()+u.Stime.Nano()) / 1e9
}

// residentBytes is read where Linux keeps it, 0 elsewhere.
func residentBytes() float64 {
	text, err := os.ReadFile("/proc/self/statm")
	fields := bytes.Fields(text)
	if err != nil || len(fields) < 2 {
		return 0
	}
	pages, _ := strconv.ParseFloat(string(fields[1]), 64)
	return pages * float64(os.Getpagesize())
}

// openFiles is read where Linux keeps it, 0 elsewhere.
func openFiles() float64 {
	all, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		return 0
	}
	return float64(len(all) - 1) // one of them is for this listing
}

func mostFiles() float64 {
	var limit syscall.Rlimit
	if syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit) != nil {
		return 0
	}
	return float64(limit.Cur)
}
