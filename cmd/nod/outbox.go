package main

import (
	"io"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"github.com/nod-idp/nod/internal/outbox"
)

func newOutboxCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "outbox",
		Short: "Look at mails and webhooks that wait or were given up",
		Long: `Look at what nod has to tell others: mails, webhooks and the events that become one
or the other. A running server delivers it, and tries for a day what cannot be delivered.
What is over is shown for a week.`,
		Example: "  nod outbox list\n  nod outbox retry ID",
	}
	cmd.AddCommand(newOutboxListCommand(), newOutboxRetryCommand())
	return bindPlace(cmd)
}

// outboxView is a message as --json shows it.
type outboxView struct {
	ID       string       `json:"id"`
	Kind     string       `json:"kind"`
	About    string       `json:"about"`
	User     string       `json:"user,omitempty"`
	State    outbox.State `json:"state"`
	Attempts int          `json:"attempts"`
	Failure  string       `json:"failure,omitempty"`
	MadeAt   *time.Time   `json:"made_at"`
	NextAt   *time.Time   `json:"next_at,omitempty"`
	DoneAt   *time.Time   `json:"done_at,omitempty"`
}

// listMost is how many messages are shown.
const listMost = 200

func (in *installation) outbox() *outbox.Outbox {
	return &outbox.Outbox{DB: in.DB, Box: in.Instance.Box}
}

func newOutboxListCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:     "list",
		Short:   "List the newest messages and what became of them",
		Example: "  nod outbox list --json",
		Args:    arguments(),
		RunE: onInstallation(mustExist, func(v *verb) error {
			items, err := v.outbox().List(v.ctx, listMost)
			if err != nil {
				return err
			}
			views, rows := []outboxView{}, [][]string{}
			for _, i := range items {
				views = append(views, outboxView{
					ID: i.ID, Kind: i.Kind, About: i.Label, User: i.UserID, State: i.State, Attempts: i.Attempts, Failure: i.Failure,
					MadeAt: stamp(i.MadeAt), NextAt: stamp(i.NextAt), DoneAt: stamp(i.DoneAt),
				})
				rows = append(rows, []string{i.ID, i.Kind, i.Label, string(i.State), strconv.Itoa(i.Attempts), ago(i.MadeAt), i.Failure})
			}
			return v.show(views, func(w io.Writer) {
				if len(rows) == 0 {
					_, _ = io.WriteString(w, "Nothing waits and nothing was sent within a week.\n")
					return
				}
				table(w, []string{"id", "kind", "about", "state", "tries", "made", "why not"}, rows)
			})
		}),
	}
	return bindJSON(cmd)
}

func newOutboxRetryCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:     "retry ID",
		Short:   "Let a message that was given up be tried for another day",
		Example: "  nod outbox retry ID",
		Args:    arguments("ID"),
		RunE: onInstallation(mustExist, func(v *verb) error {
			if err := v.outbox().Retry(v.ctx, v.args[0]); err != nil {
				return err
			}
			view := struct {
				ID string `json:"id"`
			}{v.args[0]}
			return v.tell(view, "A running server tries %s again.", plain(v.args[0]))
		}),
	}
	return bindJSON(cmd)
}
