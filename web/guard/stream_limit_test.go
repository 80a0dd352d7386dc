package guard

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"testing"
)

func TestAnOwnerHasFewStreams(t *testing.T) {
	s := &Streams{}
	var leave func()
	for range streamsPerOwner {
		var err error
		if leave, err = s.Claim("login"); err != nil {
			t.Fatal(err)
		}
	}
	var p Problem
	if _, err := s.Claim("login"); !errors.As(err, &p) || p.Status != http.StatusTooManyRequests || p.RetryAfter == 0 {
		t.Errorf("one more: got %v, want 429 and when to come back", err)
	}
	if _, err := s.Claim("another"); err != nil {
		t.Errorf("another: got %v", err)
	}
	leave()
	if _, err := s.Claim("login"); err != nil {
		t.Errorf("after one has left: got %v", err)
	}
}

func TestASourceHasABoundedNumberOfStreams(t *testing.T) {
	s := &Streams{Max: 3 * streamsPerSource}
	open := func(ip string) error {
		l := &line{ip: netip.MustParseAddr(ip)}
		r := httptest.NewRequest("GET", "/stream", nil)
		return s.Serve(httptest.NewRecorder(), r.WithContext(context.WithValue(r.Context(), lineKey{}, l)), func(*Stream) error { return nil })
	}
	for range streamsPerSource {
		s.sources.enter(netip.MustParseAddr("198.51.100.7"), streamsPerSource)
	}
	var p Problem
	if err := open("198.51.100.7"); !errors.As(err, &p) || p.Status != http.StatusTooManyRequests || p.RetryAfter == 0 {
		t.Errorf("one more: got %v, want 429 and when to come back", err)
	}
	if err := open("198.51.100.8"); err != nil {
		t.Errorf("another source: got %v", err)
	}
	s.sources.leave(netip.MustParseAddr("198.51.100.7"))
	for range 2 { // each gives its place back
		if err := open("198.51.100.7"); err != nil {
			t.Errorf("after one has left: got %v", err)
		}
	}
	if len(s.owners.open) != 0 || len(s.sources.open) != 1 {
		t.Errorf("got %d owners and %d sources, want none and the one that stays", len(s.owners.open), len(s.sources.open))
	}
}
