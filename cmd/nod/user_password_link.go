package main

import (
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/nod-idp/nod/cmd/nod/config"
	"github.com/nod-idp/nod/idp/reset"
	"github.com/nod-idp/nod/internal/db"
	"github.com/nod-idp/nod/internal/instance"
	"github.com/nod-idp/nod/internal/random"
)

// passwordLink makes the link that a mail would hold, for the administrator to hand over.
func passwordLink(v *verb) error {
	if err := v.atMostOne("link", "password-stdin", "generate"); err != nil {
		return err
	}
	valid, err := config.ParseDuration(v.text("valid"))
	if err != nil || valid < time.Minute || valid > reset.Life {
		return misused("--valid %q is refused; allowed is from 1m to %s", v.text("valid"), config.Words(reset.Life))
	}
	u, err := v.user(v.args[0])
	if err != nil {
		return err
	}
	if !u.Active() {
		return fmt.Errorf("%q is disabled: nobody could use the link", u.Name)
	}
	publicURL, err := instance.PublicURL(v.ctx, v.DB)
	if err != nil {
		return fmt.Errorf("read the public URL: %w", err)
	}
	if publicURL == "" {
		return advised{errors.New("the address of the server is not known yet, so there is nothing to link to"),
			"Start \"nod serve\" on this data once; it notes its public URL."}
	}
	resets := &reset.Resets{DB: v.DB, Box: v.Instance.Box, Epoch: v.Instance.Epoch}
	var code string
	err = v.DB.Write(v.ctx, func(tx *db.Tx) (err error) {
		code, err = resets.MakeTx(tx, random.ID("rst"), u, "cli:"+osUser(), valid)
		return err
	})
	if err != nil {
		return err
	}
	view := struct {
		URL       string     `json:"url"`
		ExpiresAt *time.Time `json:"expires_at"`
	}{reset.Link(publicURL, code), stamp(time.Now().Add(valid))}
	return v.show(view, func(w io.Writer) {
		fmt.Fprintf(w, "%s\n\nWhoever opens it first can set the password of %s, until %s. The link is shown this once.\n"+
			"Signing in still asks for everything else.\n", view.URL, plain(u.Name), moment(*view.ExpiresAt))
	})
}
