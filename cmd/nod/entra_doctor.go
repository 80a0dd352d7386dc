package main

import (
	"context"
	"fmt"
	"io"
	"slices"

	"github.com/spf13/cobra"

	"github.com/nod-idp/nod/cmd/nod/doctor"
	"github.com/nod-idp/nod/devices"
	"github.com/nod-idp/nod/idp/entra"
	"github.com/nod-idp/nod/internal/db"
	"github.com/nod-idp/nod/mfa/passkey"
	"github.com/nod-idp/nod/mfa/token"
)

func newEntraDoctorCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "doctor NAME",
		Short: "Examine a tenant as Entra would",
		Long: `Examine a tenant as Entra would: the addresses and keys that Entra reads, the clocks, the
people who are linked; conversations with the running server, in the name of a small Entra
of nod's own, with good hints and bad ones; and whole sign-ins on a throw-away server.

For the conversations registrations are added whose hints come from this machine, and
removed afterwards; the journal tells of it. What only Microsoft can see is not examined:
the errors that Entra shows then are listed with their cures.`,
		Example: "  nod entra doctor contoso\n  nod entra doctor contoso --json",
		Args:    arguments("NAME"),
		RunE:    onInstallation(mustExist, func(v *verb) error { return v.examine(false) }),
	}
	return bindJSON(cmd)
}

func newEntraTestCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:     "test NAME",
		Short:   "See quickly whether Entra would find what it needs",
		Long:    "See quickly whether Entra would find what it needs. \"nod entra doctor\" looks closer.",
		Example: "  nod entra test contoso",
		Args:    arguments("NAME"),
		RunE:    onInstallation(mustExist, func(v *verb) error { return v.examine(true) }),
	}
	return bindJSON(cmd)
}

func (v *verb) examine(quick bool) error {
	room, t, err := v.tenant()
	if err != nil {
		return err
	}
	report := doctor.Examine(v.ctx, doctor.Patient{Tenants: room, Tenant: t, Unready: func(ctx context.Context) (int, int, error) {
		return v.unready(ctx, room, t)
	}}, quick)
	err = v.show(report, func(w io.Writer) {
		area := ""
		for _, f := range report.Findings {
			if f.Area != area {
				area = f.Area
				fmt.Fprintf(w, "%s\n", area)
			}
			fmt.Fprintf(w, "  %-8s %s: %s\n", f.State, f.Name, plain(f.Says))
			if f.Cure != "" {
				fmt.Fprintf(w, "           → %s\n", f.Cure)
			}
		}
		fmt.Fprintf(w, "\nWhat Entra says when something is wrong on its side\n")
		for _, k := range report.Known {
			fmt.Fprintf(w, "  %s\n           %s\n           → %s\n", k.Text, k.Means, k.Cure)
		}
	})
	if err != nil {
		return err
	}
	if n := report.Failed(); n > 0 {
		return advised{fmt.Errorf("%s would keep people out", counted(n, "finding")), "Each finding above says what to do about it."}
	}
	return nil
}

// unready counts the people who are linked, and those of them who have nothing to prove
// themselves with.
func (v *verb) unready(ctx context.Context, room *entra.Tenants, t entra.Tenant) (linked, without int, err error) {
	links, err := room.Links(ctx, t)
	if err != nil {
		return 0, 0, err
	}
	var people []string
	for _, l := range links {
		people = append(people, l.UserID)
	}
	slices.Sort(people)
	people = slices.Compact(people)
	err = v.DB.Write(ctx, func(tx *db.Tx) error {
		without = 0
		for _, id := range people {
			has, err := devices.GuardedTx(tx, id)
			if err == nil && !has {
				has, err = passkey.GuardedTx(tx, id)
			}
			if err == nil && !has {
				has, err = token.GuardedTx(tx, id)
			}
			if err != nil {
				return err
			}
			if !has {
				without++
			}
		}
		return nil
	})
	return len(people), without, err
}
