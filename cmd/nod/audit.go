package main

import (
	"encoding/json"
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"

	"github.com/nod-idp/nod/internal/audit"
)

func newAuditCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "audit",
		Short: "Read the journal of everything that changed",
		Long: `Read the journal of everything that changed, the newest entries last.

--follow goes on with entries as a running server seals them, within a second. With
--json it prints one JSON value in each line; without --follow, one list.`,
		Example: "  nod audit\n  nod audit --last 100 --json\n  nod audit --follow\n  nod audit verify",
		Args:    arguments(),
		RunE: onInstallation(mustExist, func(v *verb) error {
			last, err := v.cmd.Flags().GetInt("last")
			if err != nil || last < 0 {
				return misused("--last takes a number from 0")
			}
			if v.on("follow") {
				return v.follow(last)
			}
			rows, err := audit.Last(v.ctx, v.DB, last)
			if err != nil {
				return fmt.Errorf("read the journal: %w", err)
			}
			return v.showEntries(rows)
		}),
	}
	cmd.Flags().Int("last", 50, "how many of the newest entries to show")
	cmd.Flags().BoolP("follow", "f", false, "go on with new entries until interrupted")
	bindJSON(cmd).AddCommand(newAuditVerifyCommand())
	return bindPlace(cmd)
}

// entryView is an entry as --json shows it.
type entryView struct {
	ID        string          `json:"id"`
	At        time.Time       `json:"at"`
	Action    string          `json:"action"`
	Outcome   string          `json:"outcome"`
	Actor     string          `json:"actor"`
	Subject   string          `json:"subject"`
	UserID    string          `json:"user_id,omitempty"`
	ClientID  string          `json:"client_id,omitempty"`
	IP        string          `json:"ip,omitempty"`
	RequestID string          `json:"request_id,omitempty"`
	Detail    json.RawMessage `json:"detail"`
	Seq       *int64          `json:"seq"` // null until the entry is sealed
}

func viewEntry(r audit.Row) entryView {
	return entryView{r.ID, r.At.UTC(), r.Action, r.Outcome, r.Actor, r.Subject, r.UserID, r.ClientID, r.IP, r.RequestID,
		json.RawMessage(r.Detail), r.Seq}
}

func (v *verb) showEntries(entries []audit.Row) error {
	views, rows := []entryView{}, [][]string{}
	for _, e := range entries {
		views = append(views, viewEntry(e))
		rows = append(rows, entryRow(e))
	}
	return v.show(views, func(w io.Writer) { table(w, []string{"time", "who", "what", "outcome", "of", "detail"}, rows) })
}

func entryRow(e audit.Row) []string {
	subject := e.Subject
	if e.UserID != "" && e.UserID != subject {
		subject += " of " + e.UserID
	}
	detail := e.Detail
	if detail == "{}" {
		detail = ""
	}
	actor := e.Actor
	if e.IP != "" {
		actor += " from " + e.IP
	}
	return []string{moment(e.At.Time), actor, e.Action, e.Outcome, subject, detail}
}

func newAuditVerifyCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "verify",
		Short: "Check that no entry was altered or is missing",
		Long: `Check the journal's chain of hashes and its signatures. Entries that were committed
but not yet sealed are counted; a running server seals them within a second.`,
		Example: "  nod audit verify",
		Args:    arguments(),
		RunE: onInstallation(mustExist, func(v *verb) error {
			public := (&audit.Sealer{DB: v.DB, Box: v.Instance.Box}).PublicKey()
			report, err := audit.Verify(v.ctx, v.DB, public)
			if err != nil {
				return err
			}
			return v.tell(report, "The journal holds: %s in the chain, %d not yet sealed.", counted(int(report.Sealed), "entry"), report.Unsealed)
		}),
	}
	return bindJSON(cmd)
}
