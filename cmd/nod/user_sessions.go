package main

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/nod-idp/nod/idp/session"
	"github.com/nod-idp/nod/internal/db"
)

func newUserSessionsCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "sessions NAME",
		Short: "List or end a person's sessions",
		Long: `List a person's open sessions, or end them. With a session ends what clients were
given under it. --end-all also makes every browser unknown again. At a terminal it asks
first.`,
		Example: "  nod user sessions alice\n  nod user sessions alice --end ID\n  nod user sessions alice --end-all --yes",
		Args:    arguments("NAME"),
		RunE:    onInstallation(mustExist, userSessions),
	}
	cmd.Flags().String("end", "", "end the session of this `ID`")
	cmd.Flags().Bool("end-all", false, "end all sessions")
	return bindJSON(bindYes(cmd))
}

// sessionView is a session as --json shows it.
type sessionView struct {
	ID        string     `json:"id"`
	SID       string     `json:"sid"`
	IP        string     `json:"ip"`
	UserAgent string     `json:"user_agent"`
	Methods   []string   `json:"methods"`
	CreatedAt *time.Time `json:"created_at"`
	SeenAt    *time.Time `json:"seen_at"`
	ExpiresAt *time.Time `json:"expires_at"`
}

func userSessions(v *verb) error {
	if err := v.atMostOne("end", "end-all"); err != nil {
		return err
	}
	u, err := v.user(v.args[0])
	if err != nil {
		return err
	}
	open, err := v.Sessions.List(v.ctx, u.ID)
	if err != nil {
		return err
	}
	const reason = "administrator"
	switch {
	case v.changed("end"):
		i := slices.IndexFunc(open, func(s session.Session) bool { return s.ID == v.text("end") })
		if i < 0 {
			return fmt.Errorf("%q: %w", v.text("end"), session.ErrNone)
		}
		if err := v.surely("end the session of %s from %s", u.Name, open[i].IP); err != nil {
			return err
		}
		err = v.DB.Write(v.ctx, func(tx *db.Tx) error { return v.endSessionTx(tx, open[i].ID, reason) })
	case v.on("end-all"):
		if err := v.surely("end %s of %s", counted(len(open), "session"), u.Name); err != nil {
			return err
		}
		err = v.DB.Write(v.ctx, func(tx *db.Tx) error {
			if err := v.endSessionsTx(tx, u.ID, reason); err != nil {
				return err
			}
			return v.Sessions.ForgetBrowsersTx(tx, u.ID, reason)
		})
	}
	if err != nil {
		return err
	}
	if v.changed("end") || v.on("end-all") {
		if open, err = v.Sessions.List(v.ctx, u.ID); err != nil {
			return err
		}
	}
	return v.showSessions(open)
}

func (v *verb) showSessions(open []session.Session) error {
	views, rows := []sessionView{}, [][]string{}
	for _, s := range open {
		methods := s.Evidence.AMR()
		views = append(views, sessionView{s.ID, s.SID, s.IP, s.UserAgent, methods, stamp(s.CreatedAt), stamp(s.SeenAt), stamp(s.ExpiresAt)})
		rows = append(rows, []string{s.ID, s.IP, strings.Join(methods, " "), ago(s.CreatedAt), ago(s.SeenAt), s.UserAgent})
	}
	return v.show(views, func(w io.Writer) {
		if len(rows) == 0 {
			fmt.Fprintln(w, "There are no open sessions.")
			return
		}
		table(w, []string{"id", "address", "proved by", "begun", "seen", "browser"}, rows)
	})
}

// endSessionTx ends a session and what clients were given under it.
func (v *verb) endSessionTx(tx *db.Tx, id, reason string) error {
	ended, err := v.Sessions.EndTx(tx, id, reason)
	if err != nil {
		return err
	}
	return v.Tokens.RevokeSessionTx(tx, ended.SID, reason)
}

// endSessionsTx does so for all sessions of a person.
func (v *verb) endSessionsTx(tx *db.Tx, userID, reason string) error {
	ended, err := v.Sessions.EndAllTx(tx, userID, "", reason)
	if err != nil {
		return err
	}
	for _, s := range ended {
		if err := v.Tokens.RevokeSessionTx(tx, s.SID, reason); err != nil {
			return err
		}
	}
	return nil
}
