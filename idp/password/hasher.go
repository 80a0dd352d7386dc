package password

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"errors"
	"fmt"
	"runtime"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/crypto/argon2"

	"github.com/nod-idp/nod/internal/trace"
	"github.com/nod-idp/nod/internal/turn"
)

// What the zero [Hasher] uses. Memory, time and threads are OWASP's first recommendation for Argon2id.
const (
	DefaultMemory  = 19 * 1024 // KiB
	DefaultTime    = 2
	DefaultThreads = 1
)

// Sizes of what nod writes, in bytes (RFC 9106, section 3.1, recommends 16 for the salt).
const (
	saltSize = 16
	keySize  = 32
)

// waitersPerPlace is how many may wait for each hash under way: about a second's worth, so that 64 people who sign in
// at the same moment on two cores are all let in, and a crowd is told to come back soon.
const waitersPerPlace = 32

// A Hasher computes and checks Argon2id hashes (RFC 9106). The zero value is ready for use. It must not be
// copied, and its fields must not change after first use. It is safe for concurrent use.
//
// The cost is a setting and is never tuned at start: two nodes, or one node on a busy morning, would
// otherwise disagree about every stored hash.
//
// Each running hash holds Memory KiB, and the Go heap keeps about as much again until its next collection,
// which an idle process runs only after minutes: measured on two cores, 86 MiB stay resident after a burst
// at the default cost. So once nothing was hashed for five seconds the memory is given back to the system
// (debug.FreeOSMemory, a few milliseconds); a Hasher at rest holds nothing.
type Hasher struct {
	// Memory is what one hash takes, in KiB; 0 means [DefaultMemory]. At least 8 for each thread, at most
	// 1 GiB.
	Memory uint32
	// Time is the number of passes over the memory; 0 means [DefaultTime]. At most 64.
	Time uint32
	// Threads is the number of lanes; 0 means [DefaultThreads]. At most 32.
	Threads uint8
	// Concurrency is how many hashes are computed at once; 0 means one for each core (GOMAXPROCS). More
	// would only make each slower, take more memory, and starve everything else the server does.
	Concurrency int
	// Queue is how many callers may wait for their turn before further ones get a [BusyError]; 0 means
	// [waitersPerPlace] for each place in Concurrency, negative means that nobody waits.
	Queue int

	once   sync.Once
	err    error
	queue  *queue
	nobody phc
	hashes atomic.Uint64

	// What tests replace: argon2.IDKey and debug.FreeOSMemory.
	derive func(password, salt []byte, time, memory uint32, threads uint8, keyLen uint32) []byte
	rested func()
}

// Validate reports a cost outside the limits, for a configuration to be refused at start. [Hasher.Hash]
// and [Hasher.VerifyNobody] return the same error.
func (h *Hasher) Validate() error {
	h.once.Do(h.init)
	return h.err
}

// Hash returns the encoded form of a password with a fresh salt. Beside errors of the context it returns a
// [BusyError], and a [Refusal] for a password longer than [MaxLength]; every other rule is a [Policy]'s.
func (h *Hasher) Hash(ctx context.Context, password string) (string, error) {
	if err := h.Validate(); err != nil {
		return "", err
	}
	normalized, ok := normalize(password)
	if !ok {
		return "", &Refusal{Reason: TooLong, Limit: MaxLength}
	}
	p := phc{cost: h.cost(), salt: make([]byte, saltSize)}
	rand.Read(p.salt)
	key, err := h.compute(ctx, normalized, p.cost, p.salt, keySize)
	if err != nil {
		return "", fmt.Errorf("hash password: %w", err)
	}
	p.key = key
	return p.String(), nil
}

// Verify reports whether a password is the one that was encoded. needsRehash is true only together with
// ok, when the stored cost is not the one this Hasher would use now: the caller then stores a new
// [Hasher.Hash] while it still has the password.
//
// The error is a [BusyError], [ErrEncoding], or the context's; ok is false then.
func (h *Hasher) Verify(ctx context.Context, encoded, password string) (ok, needsRehash bool, err error) {
	h.once.Do(h.init)
	stored, err := parsePHC(encoded)
	if err != nil {
		return false, false, fmt.Errorf("verify password: %w", err)
	}
	same, err := h.matches(ctx, stored, password)
	if err != nil {
		return false, false, fmt.Errorf("verify password: %w", err)
	}
	current := stored.cost == h.cost() && len(stored.salt) == saltSize && len(stored.key) == keySize
	return same, same && !current, nil
}

// VerifyNobody does the work of [Hasher.Verify] for a user who does not exist or has no password, so that
// the time of an answer does not tell who has an account. It has no verdict; its error is the one Verify
// would give.
func (h *Hasher) VerifyNobody(ctx context.Context, password string) error {
	if err := h.Validate(); err != nil {
		return err
	}
	if _, err := h.matches(ctx, h.nobody, password); err != nil {
		return fmt.Errorf("verify password: %w", err)
	}
	return nil
}

// Hashes is the number of hashes computed so far. Tests use it to prove that two ways cost the same.
func (h *Hasher) Hashes() uint64 { return h.hashes.Load() }

// matches computes one hash, always one, and compares.
func (h *Hasher) matches(ctx context.Context, stored phc, password string) (bool, error) {
	normalized, fits := normalize(password)
	if !fits {
		// Nobody has such a password. The work is done all the same: an answer that is quick only because
		// of its own length would be a clock to hold next to the slow ones.
		normalized = ""
	}
	key, err := h.compute(ctx, normalized, stored.cost, stored.salt, len(stored.key))
	if err != nil {
		return false, err
	}
	return subtle.ConstantTimeCompare(key, stored.key) == 1 && fits, nil
}

// compute waits for a slot and derives one key.
func (h *Hasher) compute(ctx context.Context, password string, c cost, salt []byte, size int) ([]byte, error) {
	defer turn.Rest(ctx)() // hashes have a queue of their own
	span := trace.Start(ctx, trace.Internal, "password hash")
	if err := h.queue.enter(ctx); err != nil {
		span.End(true)
		return nil, err
	}
	begin := time.Now()
	defer func() {
		h.queue.leave(time.Since(begin))
		span.End(false)
	}()
	h.hashes.Add(1)
	var key []byte
	inBackground(func() { key = h.derive([]byte(password), salt, c.time, c.memory, c.threads, uint32(size)) })
	return key, nil
}

// cost is what new hashes take.
func (h *Hasher) cost() cost {
	c := cost{h.Memory, h.Time, h.Threads}
	if c.memory == 0 {
		c.memory = DefaultMemory
	}
	if c.time == 0 {
		c.time = DefaultTime
	}
	if c.threads == 0 {
		c.threads = DefaultThreads
	}
	return c
}

// init fills what the zero value leaves open, at the first call, so that a server in which nobody has
// signed in yet has paid for nothing.
func (h *Hasher) init() {
	if !h.cost().valid() {
		h.err = errors.New("argon2id cost is outside the limits: memory from 8 KiB for each thread to 1 GiB, time 1 to 64, threads 1 to 32")
	}
	if h.derive == nil {
		h.derive = argon2.IDKey
	}
	if h.rested == nil {
		h.rested = debug.FreeOSMemory
	}
	concurrency, waiting := h.Concurrency, h.Queue
	if concurrency <= 0 {
		concurrency = runtime.GOMAXPROCS(0)
	}
	if waiting == 0 {
		waiting = waitersPerPlace * concurrency
	}
	h.queue = newQueue(concurrency, max(waiting, 0), h.rested)
	// The key of nobody is random, not computed: it costs no hash to make and matches no password.
	h.nobody = phc{cost: h.cost(), salt: make([]byte, saltSize), key: make([]byte, keySize)}
	rand.Read(h.nobody.salt)
	rand.Read(h.nobody.key)
}
