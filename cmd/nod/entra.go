package main

import (
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/nod-idp/nod/idp/entra"
	"github.com/nod-idp/nod/internal/instance"
	"github.com/nod-idp/nod/mfa/throttle"
)

func newEntraCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "entra",
		Short: "Be the external authentication method of Microsoft Entra, for Office 365",
		Long: `Be the external authentication method of Microsoft Entra: Entra checks the password and
sends people here for the second factor.

docs/office365.md is the guide, step by step.`,
		Example: `  nod entra add contoso --tenant 9122040d-6c67-4c5b-b112-36a304b66dad --app-id 600b719b-3766-4dc5-95a6-3c4a8dc31885 --client-id nod
  nod entra import contoso users.csv --dry-run
  nod entra doctor contoso`,
	}
	cmd.AddCommand(
		newEntraAddCommand(), newEntraListCommand(), newEntraLinkCommand(), newEntraUnlinkCommand(), newEntraLinksCommand(), newEntraImportCommand(),
		newEntraCodeCommand(), newEntraKeysCommand(), newEntraTestCommand(), newEntraDoctorCommand(), newEntraRemoveCommand(),
	)
	return bindPlace(cmd)
}

// entraView is a tenant as --json shows it.
type entraView struct {
	ID            string     `json:"id"`
	Name          string     `json:"name"`
	Tenant        string     `json:"tenant"`
	AppID         string     `json:"app_id"`
	ClientID      string     `json:"client_id"`
	Cloud         string     `json:"cloud"`
	Authority     string     `json:"authority,omitempty"`
	ReplyURL      string     `json:"reply_url"`
	Enrol         bool       `json:"enrol"`
	Issuer        string     `json:"issuer"`
	Discovery     string     `json:"discovery_url"`
	Authorization string     `json:"authorization_endpoint"`
	CreatedAt     *time.Time `json:"created_at"`
}

func viewEntra(t entra.Tenant, publicURL string) entraView {
	return entraView{
		ID: t.ID, Name: t.Name, Tenant: t.TenantID, AppID: t.AppID, ClientID: t.ClientID, Cloud: string(t.Cloud), Authority: t.Authority,
		ReplyURL: t.ReplyURL(), Enrol: t.Enrol, Issuer: t.Issuer(publicURL), Discovery: t.DiscoveryURL(publicURL),
		Authorization: t.AuthorizationURL(publicURL), CreatedAt: stamp(t.CreatedAt),
	}
}

// entra opens the room of Entra's tenants, whose addresses lie below the server's.
func (v *verb) entra() (*entra.Tenants, error) {
	publicURL, err := instance.PublicURL(v.ctx, v.DB)
	if err != nil {
		return nil, fmt.Errorf("read the public URL: %w", err)
	}
	if publicURL == "" {
		return nil, advised{errors.New("the address of the server is not known yet, and Entra has to be told it"),
			"Start \"nod serve\" on this data once; it notes its public URL."}
	}
	return &entra.Tenants{DB: v.DB, Box: v.Instance.Box, Epoch: v.Instance.Epoch, PublicURL: publicURL, Guesses: &throttle.Guesses{DB: v.DB}}, nil
}

// tenant finds the one that the first argument names.
func (v *verb) tenant() (*entra.Tenants, entra.Tenant, error) {
	room, err := v.entra()
	if err != nil {
		return nil, entra.Tenant{}, err
	}
	t, err := room.ByName(v.ctx, v.args[0])
	if err != nil {
		return nil, t, fmt.Errorf("%q: %w", v.args[0], err)
	}
	return room, t, nil
}
