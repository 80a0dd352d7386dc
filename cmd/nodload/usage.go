package main

import (
	"bytes"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"
)

// ticks is how many there are in a second (USER_HZ, which is 100 on Linux).
const ticks = 100

// spent is the processor time that a process has used so far (proc(5), fields 14 and 15).
func spent(pid int) (time.Duration, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0, fmt.Errorf("read the processor time: %w", err)
	}
	fields := strings.Fields(string(text[bytes.LastIndexByte(text, ')')+1:]))
	if len(fields) < 13 {
		return 0, fmt.Errorf("read the processor time: %q", text)
	}
	user, err1 := strconv.ParseInt(fields[11], 10, 64)
	system, err2 := strconv.ParseInt(fields[12], 10, 64)
	if err1 != nil || err2 != nil {
		return 0, fmt.Errorf("read the processor time: %q", text)
	}
	return time.Duration(user+system) * time.Second / ticks, nil
}

// own is the processor time of this process.
func own() (time.Duration, error) { return spent(os.Getpid()) }

// resident is the memory a process holds, in bytes.
func resident(pid int) (int64, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/statm", pid))
	if err != nil {
		return 0, fmt.Errorf("read the memory: %w", err)
	}
	fields := strings.Fields(string(text))
	if len(fields) < 2 {
		return 0, fmt.Errorf("read the memory: %q", text)
	}
	pages, err := strconv.ParseInt(fields[1], 10, 64)
	return pages * int64(os.Getpagesize()), err
}

// processor is the time that the server and its database have used so far.
func (t *target) processor() (time.Duration, error) {
	total, err := spent(t.process.Process.Pid)
	if err != nil {
		return 0, err
	}
	pids, err := databasePIDs(t.postmaster)
	if err != nil {
		return 0, err
	}
	for _, pid := range pids {
		if one, err := spent(pid); err == nil { // a backend may have ended meanwhile
			total += one
		}
	}
	return total, nil
}

// databasePIDs are the processes of a PostgreSQL server on this machine, by the process
// that listens: it and its children. It is empty for SQLite.
func databasePIDs(postmaster int) (pids []int, err error) {
	if postmaster == 0 {
		return nil, nil
	}
	entries, err := os.ReadDir("/proc")
	if err != nil {
		return nil, err
	}
	for _, entry := range entries {
		pid, err := strconv.Atoi(entry.Name())
		if err != nil {
			continue
		}
		text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
		if err != nil {
			continue
		}
		fields := strings.Fields(string(text[bytes.LastIndexByte(text, ')')+1:]))
		if pid == postmaster || len(fields) > 1 && fields[1] == strconv.Itoa(postmaster) {
			pids = append(pids, pid)
		}
	}
	return pids, nil
}
