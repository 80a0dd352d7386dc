package main

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"github.com/nod-idp/nod/cmd/nod/config"
	"github.com/nod-idp/nod/cmd/nod/server"
	"github.com/nod-idp/nod/devices"
	"github.com/nod-idp/nod/idp/letters"
	"github.com/nod-idp/nod/internal/instance"
)

func newUserEnrollLinkCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "enroll-link NAME",
		Short: "Make a link that enrols one device",
		Long: `Make a link that enrols one device of a person, once. Whoever has the link has the
device: hand it over in person or by a channel you trust.

The person confirms the device in a browser that is signed in with the password.
--no-confirm leaves that out, for scripts; the journal says so.`,
		Example: "  nod user enroll-link alice\n  nod user enroll-link alice --verification pin\n  nod user enroll-link alice --valid 10m --no-confirm --json",
		Args:    arguments("NAME"),
		RunE:    onInstallation(mustExist, enrollLink),
	}
	cmd.Flags().String("valid", config.Words(devices.AdminLink), "how long the link is valid, such as 10m, 24h or 7d")
	cmd.Flags().String("verification", "", "how the device makes sure of its person, if not as the server's device_verification says: "+verifications)
	cmd.Flags().Bool("no-confirm", false, "let the device in without a confirmation in the browser")
	return bindJSON(cmd)
}

// verifications are the rules in words.
const verifications = "biometric, biometric-or-pin, biometric-with-pin, pin or plain"

func enrollLink(v *verb) error {
	valid, err := config.ParseDuration(v.text("valid"))
	if err != nil || valid < time.Minute || valid > devices.LongestLink {
		return misused("--valid %q is refused; allowed is from 1m to %s", v.text("valid"), config.Words(devices.LongestLink))
	}
	rule := devices.Rule(v.text("verification"))
	if rule != "" && !slices.Contains(devices.Rules(), rule) {
		return misused("--verification %q is refused; allowed is %s", v.text("verification"), verifications)
	}
	u, err := v.user(v.args[0])
	if err != nil {
		return err
	}
	d, err := v.devices()
	if err != nil {
		return err
	}
	if d.PublicURL == "" {
		return advised{errors.New("the address of the server is not known yet, so there is nothing to link to"),
			"Start \"nod serve\" on this data once; it notes its public URL."}
	}
	link, err := d.Link(v.ctx, devices.LinkRequest{UserID: u.ID, Valid: valid, Confirm: !v.on("no-confirm"), Rule: rule, MadeBy: "cli:" + osUser()})
	if err != nil {
		return err
	}
	view := struct {
		URL       string     `json:"url"`
		ExpiresAt *time.Time `json:"expires_at"`
	}{link.URL, stamp(link.ExpiresAt)}
	return v.show(view, func(w io.Writer) {
		fmt.Fprintf(w, "%s\n\nFor one device of %s, until %s. The link is shown this once.\n", link.URL, plain(u.Name), moment(link.ExpiresAt))
		if !v.on("no-confirm") {
			fmt.Fprintf(w, "The device becomes active when %s confirms it in a signed-in browser.\n", plain(u.Name))
		}
	})
}

// devices opens the room of devices, which names the server's address in links.
func (v *verb) devices() (*devices.Devices, error) {
	publicURL, err := instance.PublicURL(v.ctx, v.DB)
	if err != nil {
		return nil, fmt.Errorf("read the public URL: %w", err)
	}
	return &devices.Devices{
		DB: v.DB, Box: v.Instance.Box, Epoch: v.Instance.Epoch, PublicURL: publicURL, Accounts: server.People{Users: v.Users},
		AlsoTell: (&letters.Letters{Outbox: v.outbox()}).NoticeTx, // a running server knows whether there is mail
	}, nil
}
