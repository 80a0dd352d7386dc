package audit

import (
	"context"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"log/slog"
	"strconv"
	"time"

	"github.com/nod-idp/nod/internal/db"
	"github.com/nod-idp/nod/internal/random"
	"github.com/nod-idp/nod/internal/seal"
)

// Sealer chains committed entries and signs the head of the chain. One process at
// a time does so, by a lease; one that stood still and wakes up later is refused.
type Sealer struct {
	DB  *db.DB
	Box *seal.Box
	Now func() time.Time // nil means time.Now
	Log *slog.Logger
}

// Pace of the sealer: entries are chained within a second of their commit.
const (
	sealEvery = 700 * time.Millisecond
	sealBatch = 500
	leaseLife = 5 * time.Second
)

// Run seals until ctx ends, and once more before it returns.
func (s *Sealer) Run(ctx context.Context) {
	holder := random.ID("node")
	tick := time.NewTicker(sealEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			last, cancel := context.WithTimeout(context.WithoutCancel(ctx), leaseLife)
			s.turn(last, holder)
			cancel()
			return
		case <-tick.C:
			s.turn(ctx, holder)
		}
	}
}

func (s *Sealer) turn(ctx context.Context, holder string) {
	var open bool
	err := s.DB.Get(ctx, &open, "SELECT EXISTS (SELECT 1 FROM audit WHERE seq IS NULL)")
	if err != nil || !open { // at rest nothing is written, not even a lease
		s.report(ctx, err)
		return
	}
	lease, held, err := s.DB.Lease(ctx, "audit-seal", holder, s.now(), leaseLife)
	if err != nil || !held {
		s.report(ctx, err)
		return
	}
	for {
		n, err := s.Seal(lease.Guard(ctx))
		if err != nil || n < sealBatch {
			s.report(ctx, err)
			return
		}
	}
}

func (s *Sealer) report(ctx context.Context, err error) {
	if err != nil && !errors.Is(err, db.ErrFenced) && ctx.Err() == nil && s.Log != nil {
		s.Log.Error("audit log could not be sealed; it is tried again", "error", err)
	}
}

func (s *Sealer) now() time.Time {
	if s.Now == nil {
		return time.Now()
	}
	return s.Now()
}

// Seal chains up to one batch of entries and returns how many it chained.
func (s *Sealer) Seal(ctx context.Context) (n int, err error) {
	err = s.DB.Write(ctx, func(tx *db.Tx) error {
		n = 0
		var head struct {
			Seq  int64
			Hash []byte
		}
		err := tx.Get(&head, "SELECT seq, hash FROM audit_heads ORDER BY seq DESC LIMIT 1")
		if err != nil && !errors.Is(err, db.ErrNotFound) {
			return err
		}
		var rows []Row
		if err := tx.Select(&rows, "SELECT "+rowColumns+" FROM audit WHERE seq IS NULL ORDER BY at, id LIMIT $1", sealBatch); err != nil {
			return err
		}
		if len(rows) == 0 {
			return nil
		}
		for _, r := range rows {
			head.Seq++
			hash := r.chain(head.Seq, head.Hash)
			if err := tx.Must(fmt.Errorf("audit entry %s was sealed by somebody else", r.ID),
				"UPDATE audit SET seq = $1, prev = $2, hash = $3 WHERE id = $4 AND seq IS NULL",
				head.Seq, head.Hash, hash, r.ID); err != nil {
				return err
			}
			head.Hash = hash
		}
		n = len(rows)
		key := s.signingKey()
		_, err = tx.Exec("INSERT INTO audit_heads (seq, hash, signature, public_key, at) VALUES ($1, $2, $3, $4, $5)",
			head.Seq, head.Hash, ed25519.Sign(key, headMessage(head.Seq, head.Hash)), []byte(key.Public().(ed25519.PublicKey)), db.At(s.now()))
		return err
	})
	if err != nil {
		return 0, fmt.Errorf("seal the audit log: %w", err)
	}
	return n, nil
}

// signingKey is derived from the root secret, so there is nothing more to store.
func (s *Sealer) signingKey() ed25519.PrivateKey {
	return ed25519.NewKeyFromSeed(s.Box.Subkey("audit-head"))
}

func headMessage(seq int64, hash []byte) []byte {
	return append([]byte("nod-audit-head "+strconv.FormatInt(seq, 10)+" "), hash...)
}

// chain is the hash of an entry: SHA-256 over its number, the hash before it and
// every field with its length.
func (r Row) chain(seq int64, prev []byte) []byte {
	h := sha256.New()
	for _, field := range []string{
		"nod-audit-v1", strconv.FormatInt(seq, 10), string(prev), r.ID, strconv.FormatInt(r.At.UnixMilli(), 10),
		r.Action, r.Outcome, r.Actor, r.Subject, r.UserID, r.ClientID, r.IP, r.RequestID, r.Detail,
	} {
		h.Write(binary.BigEndian.AppendUint32(nil, uint32(len(field))))
		h.Write([]byte(field))
	}
	return h.Sum(nil)
}
