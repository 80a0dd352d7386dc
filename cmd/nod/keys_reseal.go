package main

import (
	"fmt"
	"io"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"github.com/nod-idp/nod/internal/audit"
	"github.com/nod-idp/nod/internal/db"
	"github.com/nod-idp/nod/internal/reseal"
	"github.com/nod-idp/nod/internal/seal"
)

func newKeysResealCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "reseal",
		Short: "Change the sealing key while servers run",
		Long: `Change the sealing key while servers run: add a new key to the key file, let servers seal
under it, seal everything anew that is under the old one, and take the old one out of the
file. It may be stopped anywhere and started again, and then goes on where it was.

The old key is kept in sealing.key.retired beside the file: backups that were made under it
can be read with it and with no other. Destroy it together with the last of them.

Where servers run on several machines, each has a key file of its own. Add the new key first
with --prepare, copy the file to all of them, and then run it without. A server that lacks
the new key then is not ready until it has it.`,
		Example: "  nod keys reseal\n  nod keys reseal --prepare",
		Args:    arguments(),
		RunE:    onInstallation(mustExist, resealKeys),
	}
	cmd.Flags().Bool("prepare", false, "only add a new key to the file, for copying it to other machines")
	return bindJSON(cmd)
}

// resealed is what --json shows.
type resealed struct {
	Key     string `json:"sealing_key"`       // the id of the new one
	Values  int64  `json:"values"`            // that were sealed anew by this run
	Retired string `json:"retired,omitempty"` // the file that holds the old key
}

func resealKeys(v *verb) error {
	path, ring := v.Config.KeyFile(), v.Instance.Box.Ring()
	fresh, err := freshKey(path, ring)
	if err != nil {
		return advised{err, "The file has to be writable for this. Where it is a copy, such as a credential of systemd, name the original: --sealing-key-file FILE."}
	}
	done := resealed{Key: fresh.ID()}
	if v.on("prepare") {
		return v.tell(done, "The new key %s is in %s. Copy that file to every machine, then run \"nod keys reseal\".", done.Key, path)
	}
	if ring.Sealing().ID() != fresh.ID() {
		if err := v.Instance.TakeKey(v.ctx, v.DB, fresh, time.Now()); err != nil {
			return err
		}
	}
	p := newProgress(v.cmd)
	defer p.end()
	if done.Values, err = v.passes(&reseal.Job{DB: v.DB, Box: v.Instance.Box, Progress: p.rows("sealing")}); err != nil {
		return advised{err, "What was done is kept. Run \"nod keys reseal\" again to go on."}
	}
	p.end()
	if done.Retired, err = seal.Retire(path, fresh); err != nil {
		return err
	}
	err = v.DB.Write(v.ctx, func(tx *db.Tx) error {
		return audit.Record(tx, audit.Entry{At: time.Now(), Action: "instance.resealed", Subject: v.Instance.ID,
			Detail: map[string]any{"to": done.Key, "values": done.Values}})
	})
	if err != nil {
		return err
	}
	return v.show(done, func(w io.Writer) {
		fmt.Fprintf(w, "Everything is sealed under the new key %s: %s sealed anew.\n", done.Key, counted(int(done.Values), "value"))
		if done.Retired != "" {
			fmt.Fprintf(w, "The old key is in %s, for backups that were made under it. Take a backup now.\n", filepath.Base(done.Retired))
		}
	})
}

// freshKey returns the key that was added to the file last, and adds one where there is
// only the one that seals.
func freshKey(path string, ring *seal.Ring) (*seal.Key, error) {
	if last := ring.Last(); last.ID() != ring.Sealing().ID() || len(ring.IDs()) > 1 {
		return last, nil
	}
	if _, err := seal.AddKey(path); err != nil {
		return nil, err
	}
	if err := ring.Reload(); err != nil {
		return nil, err
	}
	return ring.Last(), nil
}

// settle is how long every server has had to learn of the new key when the last look is
// taken: far longer than any needs.
const settle = 2 * time.Second

// passes goes on until one has found nothing, no earlier than servers have had time.
func (v *verb) passes(j *reseal.Job) (n int64, err error) {
	settled := time.Now().Add(settle)
	for {
		late := time.Now().After(settled)
		more, err := j.Pass(v.ctx)
		if n += more; err != nil || more == 0 && late {
			return n, err
		}
		if more == 0 {
			select {
			case <-v.ctx.Done():
				return n, v.ctx.Err()
			case <-time.After(time.Until(settled) + time.Millisecond):
			}
		}
	}
}
