package main

import (
	"io"
	"time"

	"github.com/spf13/cobra"

	"github.com/nod-idp/nod/idp/keys"
)

func newEntraKeysCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "keys NAME",
		Short: "Show and roll over the key that signs for a tenant",
		Long: `Show the keys that are published for a tenant, or roll over to a new one. --rotate
publishes it, and two days later, when Entra has read it, the server lets it sign. The
old one stays published for two days more.

--replace is for a key that somebody else may have: it is gone at once, and until Entra
has read the new one, for up to two days, nobody gets through.`,
		Example: "  nod entra keys contoso\n  nod entra keys contoso --rotate",
		Args:    arguments("NAME"),
		RunE:    onInstallation(mustExist, entraKeys),
	}
	cmd.Flags().Bool("rotate", false, "publish a new key, which signs two days later")
	cmd.Flags().Bool("replace", false, "throw all keys away and sign with a new one at once")
	return bindJSON(bindYes(cmd))
}

// entraKeyView is a key as --json shows it.
type entraKeyView struct {
	KID       string     `json:"kid"`
	State     string     `json:"state"`
	CreatedAt *time.Time `json:"created_at"`
	SignsFrom *time.Time `json:"signs_from,omitempty"` // the earliest, for one that is only published
}

func entraKeys(v *verb) error {
	if err := v.atMostOne("rotate", "replace"); err != nil {
		return err
	}
	room, t, err := v.tenant()
	if err != nil {
		return err
	}
	ring := room.Ring(t)
	switch {
	case v.on("rotate"):
		_, err = ring.Rotate(v.ctx, keys.RS256)
	case v.on("replace"):
		if err = v.certainly("throw away the keys of %q, so that nobody gets through until Entra has read the new one", t.Name); err == nil {
			err = ring.Replace(v.ctx, keys.RS256)
		}
	}
	if err != nil {
		return err
	}
	all, err := ring.List(v.ctx)
	if err != nil {
		return err
	}
	views, rows := []entraKeyView{}, [][]string{}
	for _, k := range all {
		view, from := entraKeyView{KID: k.KID, State: string(k.State), CreatedAt: stamp(k.CreatedAt)}, ""
		if k.State == keys.Next {
			view.SignsFrom = stamp(k.ReadyAt())
			from = moment(k.ReadyAt())
		}
		views = append(views, view)
		rows = append(rows, []string{k.KID, string(k.State), ago(k.CreatedAt), from})
	}
	return v.show(views, func(w io.Writer) { table(w, []string{"kid", "state", "published", "can sign from"}, rows) })
}
