package main

import (
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"

	"github.com/nod-idp/nod/idp/keys"
)

func newKeysCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "keys",
		Short: "Look at the keys that sign tokens, and change them",
		Long: `Look at the keys that sign tokens, and change them.

A key is next while it is published and does not sign yet, active while it signs, and
retired while it is published only so that what it signed can be checked.

The sealing key is another one: it encrypts what the database must not show, and is changed
with "nod keys reseal".`,
		Example: "  nod keys list\n  nod keys rotate --alg ES256",
	}
	cmd.AddCommand(newKeysListCommand(), newKeysRotateCommand(), newKeysResealCommand())
	return bindPlace(cmd)
}

// keyView is a key as --json shows it.
type keyView struct {
	KID         string         `json:"kid"`
	Algorithm   keys.Algorithm `json:"alg"`
	State       keys.State     `json:"state"`
	CreatedAt   *time.Time     `json:"created_at"`
	SignsFrom   *time.Time     `json:"signs_from,omitempty"`
	ActivatedAt *time.Time     `json:"activated_at,omitempty"`
	RetiredAt   *time.Time     `json:"retired_at,omitempty"`
}

func viewKey(i keys.Info) keyView {
	view := keyView{
		KID: i.KID, Algorithm: i.Algorithm, State: i.State, CreatedAt: stamp(i.CreatedAt), ActivatedAt: stamp(i.ActivatedAt), RetiredAt: stamp(i.RetiredAt),
	}
	if i.State == keys.Next {
		view.SignsFrom = stamp(i.ReadyAt())
	}
	return view
}

func (in *installation) ring(bits int) *keys.Ring {
	return &keys.Ring{DB: in.DB, Box: in.Instance.Box, Bits: bits}
}

func newKeysListCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:     "list",
		Short:   "List the signing keys",
		Example: "  nod keys list --json",
		Args:    arguments(),
		RunE: onInstallation(mustExist, func(v *verb) error {
			all, err := v.ring(0).List(v.ctx)
			if err != nil {
				return err
			}
			views := []keyView{}
			for _, i := range all {
				views = append(views, viewKey(i))
			}
			return v.show(views, func(w io.Writer) { printKeys(w, all) })
		}),
	}
	return bindJSON(cmd)
}

func printKeys(w io.Writer, all []keys.Info) {
	if len(all) == 0 {
		fmt.Fprintln(w, "There are no signing keys yet. \"nod serve\" makes them.")
		return
	}
	rows := [][]string{}
	for _, i := range all {
		since := i.CreatedAt
		switch i.State {
		case keys.Active:
			since = i.ActivatedAt
		case keys.Retired:
			since = i.RetiredAt
		}
		rows = append(rows, []string{string(i.Algorithm), string(i.State), ago(since), i.KID})
	}
	table(w, []string{"alg", "state", "since", "kid"}, rows)
}
