package guard

import (
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/nod-idp/nod/internal/turn"
)

// Streams opens server-sent event streams: bounded in number, in time and in patience with slow readers.
type Streams struct {
	Max       int           // how many may be open in this process; 0 means 10,000
	Heartbeat time.Duration // 0 means 15 s
	Life      time.Duration // 0 means shortLife, and longLife for parted streams
	Patience  time.Duration // how long one write may take; 0 means 5 s
	// Shutdown, when closed, ends every stream with the advice to come back a little later.
	Shutdown <-chan struct{}

	open    atomic.Int64
	owners  tally[string]
	sources tally[netip.Addr]
	parted  sync.WaitGroup
}

// How long streams live. Heartbeats keep proxies from cutting them as idle; some cut every answer after a minute or
// after five. What a device hears is tied to its proof of a moment ago; what a waiting page hears ends by itself.
// Long ones live at least half of it, each for a time of its own: those that came back at once after a restart do not
// do so again.
const (
	shortLife = 55 * time.Second
	longLife  = 285 * time.Second
)

// Open is how many streams are open in this process.
func (s *Streams) Open() int { return int(s.open.Load()) }

// Stream is one open stream. It belongs to the handler that runs it.
type Stream struct {
	w       http.ResponseWriter
	control *http.ResponseController

	// Of a parted stream, instead.
	conn   net.Conn
	parted *recorder
	unsent []byte // what goes with the next chunk

	patience time.Duration
	beat     *time.Timer
	every    time.Duration // between two beats
	end      *time.Timer
	gone     <-chan struct{}
	shutdown <-chan struct{}
	broken   error
}

// Serve answers r with a stream, written by fn, and returns when fn does. When too many are open it returns a
// problem with status 503, and the page goes on by asking every two seconds.
func (s *Streams) Serve(w http.ResponseWriter, r *http.Request, fn func(*Stream) error) error {
	leave, err := s.enter(r)
	if err != nil {
		return err
	}
	defer leave()
	turn.Leave(r.Context()) // from here on it only waits
	st := s.stream(shortLife)
	st.w, st.control, st.gone = w, http.NewResponseController(w), r.Context().Done()
	defer st.stop()
	// A server's read timeout would otherwise end the request while it only waits.
	_ = st.control.SetReadDeadline(time.Time{})
	// A deadline left on a kept connection would break the next answer on it.
	defer func() { _ = st.control.SetWriteDeadline(time.Time{}) }()

	streamHeaders(w.Header())
	w.WriteHeader(http.StatusOK)
	st.write(advice(1000, 2000))
	if err := fn(st); err != nil && st.broken == nil {
		return err
	}
	return nil // a reader who left is no error
}

// enter counts a stream until leave is called.
func (s *Streams) enter(r *http.Request) (leave func(), err error) {
	if s.open.Add(1) > int64(or(s.Max, 10_000)) {
		s.open.Add(-1)
		return nil, Problem{Status: http.StatusServiceUnavailable, Code: "too_many_streams",
			RetryAfter: 2*time.Second + rand.N(4*time.Second)}
	}
	free, err := s.claimSource(r)
	if err != nil {
		s.open.Add(-1)
		return nil, err
	}
	return func() {
		free()
		s.open.Add(-1)
	}, nil
}

func (s *Streams) stream(life time.Duration) *Stream {
	every := or(s.Heartbeat, 15*time.Second)
	return &Stream{
		patience: or(s.Patience, 5*time.Second), shutdown: s.Shutdown, every: every,
		beat: time.NewTimer(firstBeat(time.Now(), every)), end: time.NewTimer(or(s.Life, life)),
	}
}

// firstBeat is when a stream beats for the first time: a little early, so that those of many beat at the same moments
// and a processor that sleeps in between is woken for all of them at once.
func firstBeat(now time.Time, every time.Duration) time.Duration {
	const moments = 50 // in the time between two beats
	step := max(1, every/moments)
	return every - time.Duration(now.UnixNano()+int64(every))%step
}

func (st *Stream) stop() {
	st.beat.Stop()
	st.end.Stop()
}

func streamHeaders(h http.Header) {
	h.Set("Content-Type", "text/event-stream")
	h.Set("Cache-Control", "no-store")
	h.Set("X-Accel-Buffering", "no")
}

// Send writes one event. Its data is v as JSON. After the first failed write it does nothing but return the error.
func (st *Stream) Send(event string, v any) error {
	if event == "" || strings.ContainsAny(event, "\r\n") {
		return errors.New("send event: the name must be one line")
	}
	data, err := json.Marshal(v) // on one line: JSON escapes every line break inside a string
	if err != nil {
		return fmt.Errorf("send event: %w", err)
	}
	st.write("event: " + event + "\ndata: " + string(data) + "\n\n")
	return st.broken
}

// Wait returns true when there is reason to look again: changed has something, or poll has passed (zero never
// does). A closed channel always has something, so the caller takes a fresh one each time. Meanwhile it keeps the
// stream alive. It returns false when the stream is over: its time is up, its reader
// has left or is too slow, or the process is going down.
func (st *Stream) Wait(changed <-chan struct{}, poll time.Duration) bool {
	var tick <-chan time.Time
	if poll > 0 {
		timer := time.NewTimer(poll)
		defer timer.Stop()
		tick = timer.C
	}
	if st.unsent != nil {
		st.write("")
	}
	for st.broken == nil {
		select {
		case <-changed:
			return true
		case <-tick:
			return true
		case <-st.beat.C:
			st.beat.Reset(st.every)
			st.write(": still here\n\n")
		case <-st.end.C:
			// Soon enough that the page does not ask by other means meanwhile.
			st.last(advice(300, 1200))
			return false
		case <-st.gone:
			return false
		case <-st.shutdown:
			st.last(advice(1000, 4000) + "event: reconnect\ndata: {}\n\n")
			return false
		}
	}
	return false
}

// last writes what is followed by nothing but the end.
func (st *Stream) last(text string) {
	if st.conn != nil {
		st.hold(text)
		return
	}
	st.write(text)
}

func (st *Stream) write(text string) {
	if st.broken != nil {
		return
	}
	if st.conn != nil {
		st.hold(text)
		st.broken = st.send()
		return
	}
	if err := st.control.SetWriteDeadline(time.Now().Add(st.patience)); err != nil && !errors.Is(err, http.ErrNotSupported) {
		st.broken = err
		return
	}
	if _, err := st.w.Write([]byte(text)); err != nil {
		st.broken = err
		return
	}
	st.broken = st.control.Flush()
}

// or is v, or the default where v was left out.
func or[T comparable](v, otherwise T) T {
	var zero T
	if v == zero {
		return otherwise
	}
	return v
}
