package main

import (
	"bufio"
	"context"
	"fmt"
	"net/http"
	"os"
	"strconv"
	"strings"
)

// figures are what nod tells Prometheus, by name and labels as they are written.
type figures map[string]float64

// tells reads the figures of the server.
func (t *target) tells(ctx context.Context) (figures, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+t.figures+"/metrics", nil)
	if err != nil {
		return nil, err
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, fmt.Errorf("read the figures: %w", err)
	}
	defer res.Body.Close()
	all := figures{}
	for lines := bufio.NewScanner(res.Body); lines.Scan(); {
		name, value, found := cutLast(lines.Text())
		if !found || strings.HasPrefix(name, "#") {
			continue
		}
		if v, err := strconv.ParseFloat(value, 64); err == nil {
			all[name] = v
		}
	}
	return all, nil
}

func cutLast(line string) (name, value string, found bool) {
	i := strings.LastIndexByte(line, ' ')
	if i < 0 {
		return "", "", false
	}
	return line[:i], line[i+1:], true
}

// files is how many files and connections a process holds.
func files(pid int) (int, error) {
	all, err := os.ReadDir(fmt.Sprintf("/proc/%d/fd", pid))
	return len(all), err
}

// mostResident is the most memory that a process ever held, in bytes (VmHWM, proc(5)).
func mostResident(pid int) (int64, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0, fmt.Errorf("read the memory: %w", err)
	}
	for line := range strings.Lines(string(text)) {
		if rest, found := strings.CutPrefix(line, "VmHWM:"); found {
			kilobytes, err := strconv.ParseInt(strings.Fields(rest)[0], 10, 64)
			return kilobytes << 10, err
		}
	}
	return 0, fmt.Errorf("read the memory: there is no VmHWM")
}

// mib is a number of bytes in MiB.
func mib(bytes int64) float64 { return float64(bytes) / (1 << 20) }
