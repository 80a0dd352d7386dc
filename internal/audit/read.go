package audit

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"errors"
	"fmt"

	"github.com/nod-idp/nod/internal/db"
)

// Row is an entry as it was stored.
type Row struct {
	ID        string
	At        db.Time
	Action    string
	Outcome   string
	Actor     string
	Subject   string
	UserID    string `db:"user_id"`
	ClientID  string `db:"client_id"`
	IP        string
	RequestID string `db:"request_id"`
	Detail    string
	Seq       *int64
	Prev      []byte
	Hash      []byte
}

const rowColumns = "id, at, action, outcome, actor, subject, user_id, client_id, ip, request_id, detail, seq, prev, hash"

// Last returns the newest entries, at most limit of them, oldest first.
func Last(ctx context.Context, d *db.DB, limit int) ([]Row, error) {
	var rows []Row
	err := d.Select(ctx, &rows, "SELECT "+rowColumns+` FROM (SELECT * FROM audit ORDER BY at DESC, id DESC LIMIT $1) AS newest
		ORDER BY at, id`, limit)
	return rows, err
}

// After returns the sealed entries that follow number seq, at most limit of them.
func After(ctx context.Context, d *db.DB, seq int64, limit int) ([]Row, error) {
	var rows []Row
	err := d.Select(ctx, &rows, "SELECT "+rowColumns+" FROM audit WHERE seq > $1 ORDER BY seq LIMIT $2", seq, limit)
	return rows, err
}

// Report is what Verify found.
type Report struct {
	Sealed   int64 `json:"sealed"`   // entries in the chain
	Unsealed int64 `json:"unsealed"` // entries committed but not yet chained
}

// ErrBroken is returned when the chain does not hold. The text says where.
var ErrBroken = errors.New("the audit log has been tampered with")

// Verify walks the whole chain: every number present, every hash right, every
// signed head on its place and signed by public, the key of this instance. The
// unsealed tail is counted, not judged.
func Verify(ctx context.Context, d *db.DB, public ed25519.PublicKey) (Report, error) {
	var rep Report
	if err := d.Get(ctx, &rep.Unsealed, "SELECT count(*) FROM audit WHERE seq IS NULL"); err != nil {
		return rep, err
	}
	heads, err := readHeads(ctx, d)
	if err != nil {
		return rep, err
	}
	var prev []byte
	for {
		rows, err := After(ctx, d, rep.Sealed, sealBatch)
		if err != nil {
			return rep, err
		}
		if len(rows) == 0 {
			break
		}
		for _, r := range rows {
			seq := rep.Sealed + 1
			if *r.Seq != seq {
				return rep, fmt.Errorf("%w: entry %d is missing", ErrBroken, seq)
			}
			if !bytes.Equal(r.Prev, prev) || !bytes.Equal(r.Hash, r.chain(seq, prev)) {
				return rep, fmt.Errorf("%w: entry %d (%s) was altered", ErrBroken, seq, r.ID)
			}
			if h, ok := heads[seq]; ok {
				if !bytes.Equal(h.Hash, r.Hash) || !bytes.Equal(h.PublicKey, public) ||
					!ed25519.Verify(public, headMessage(seq, h.Hash), h.Signature) {
					return rep, fmt.Errorf("%w: the signature at entry %d does not hold", ErrBroken, seq)
				}
				delete(heads, seq)
			}
			prev, rep.Sealed = r.Hash, seq
		}
	}
	for seq := range heads {
		return rep, fmt.Errorf("%w: a signature covers entry %d, which is missing", ErrBroken, seq)
	}
	return rep, nil
}

// PublicKey is the key that signs the heads.
func (s *Sealer) PublicKey() ed25519.PublicKey {
	return s.signingKey().Public().(ed25519.PublicKey)
}

type headRow struct {
	Seq       int64
	Hash      []byte
	Signature []byte
	PublicKey []byte `db:"public_key"`
}

func readHeads(ctx context.Context, d *db.DB) (map[int64]headRow, error) {
	var rows []headRow
	if err := d.Select(ctx, &rows, "SELECT seq, hash, signature, public_key FROM audit_heads"); err != nil {
		return nil, err
	}
	heads := make(map[int64]headRow, len(rows))
	for _, h := range rows {
		heads[h.Seq] = h
	}
	return heads, nil
}
