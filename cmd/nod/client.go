package main

import (
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/nod-idp/nod/idp/client"
)

func newClientCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "client",
		Short: "Add, change and list the applications people sign in to",
		Example: `  nod client add mail --name "Contoso Mail" --redirect-uri https://mail.example.com/callback
  nod client list`,
	}
	cmd.AddCommand(
		newClientAddCommand(), newClientListCommand(), newClientShowCommand(), newClientSetCommand(),
		newClientSecretCommand(), newClientRemoveCommand(),
	)
	return bindPlace(cmd)
}

// clientView is a client as --json shows it.
type clientView struct {
	ID                     string                `json:"client_id"`
	Name                   string                `json:"name"`
	Public                 bool                  `json:"public"`
	AuthMethod             client.AuthMethod     `json:"token_endpoint_auth_method"`
	RedirectURIs           []string              `json:"redirect_uris"`
	PostLogoutRedirectURIs []string              `json:"post_logout_redirect_uris"`
	Grants                 []client.Grant        `json:"grant_types"`
	ResponseTypes          []client.ResponseType `json:"response_types"`
	ResponseModes          []client.ResponseMode `json:"response_modes"`
	PKCE                   client.PKCE           `json:"pkce"`
	SecondFactor           client.SecondFactor   `json:"second_factor"`
	IDTokenAlg             client.IDTokenAlg     `json:"id_token_signed_response_alg"`
	RefreshRotation        bool                  `json:"refresh_rotation"`
	Origins                []string              `json:"origins"`
	JWKS                   json.RawMessage       `json:"jwks,omitempty"`
	JWKSURI                string                `json:"jwks_uri,omitempty"`
	AccessTokens           client.AccessTokens   `json:"access_token_format"`
	Resources              []string              `json:"resources"`
	BackchannelLogoutURI   string                `json:"backchannel_logout_uri,omitempty"`
	FrontchannelLogoutURI  string                `json:"frontchannel_logout_uri,omitempty"`
	FirstParty             bool                  `json:"first_party"`
	FAPI                   client.FAPI           `json:"fapi"`
	CIBA                   client.CIBADelivery   `json:"backchannel_token_delivery_mode,omitempty"`
	CIBANotificationURI    string                `json:"backchannel_client_notification_endpoint,omitempty"`
	PushedRequests         bool                  `json:"require_pushed_authorization_requests"`
	DPoP                   bool                  `json:"dpop_bound_access_tokens"`
	SignedRequests         bool                  `json:"require_signed_request_object"`
	Secrets                []secretView          `json:"secrets"`
	CreatedAt              *time.Time            `json:"created_at"`
	UpdatedAt              *time.Time            `json:"updated_at"`
	// Secret is set once, when it was made.
	Secret string `json:"client_secret,omitempty"`
}

// secretView is what is known of a secret.
type secretView struct {
	ID        string     `json:"id"`
	CreatedAt *time.Time `json:"created_at"`
}

func viewClient(c client.Client, secret string) clientView {
	view := clientView{
		ID: c.ID, Name: c.Name, Public: c.Public(), AuthMethod: c.AuthMethod, RedirectURIs: listed(c.RedirectURIs),
		PostLogoutRedirectURIs: listed(c.PostLogoutRedirectURIs), Grants: c.Grants, ResponseTypes: listed(c.ResponseTypes),
		ResponseModes: listed(c.ResponseModes), PKCE: c.PKCE,
		SecondFactor: c.SecondFactor, IDTokenAlg: c.IDTokenAlg, RefreshRotation: c.RefreshRotation, Origins: listed(c.Origins),
		JWKS: json.RawMessage(c.JWKS), JWKSURI: c.JWKSURI, AccessTokens: c.AccessTokens, Resources: listed(c.Resources),
		BackchannelLogoutURI: c.BackchannelLogoutURI, FrontchannelLogoutURI: c.FrontchannelLogoutURI, FirstParty: c.FirstParty,
		FAPI: c.FAPI, CIBA: c.CIBA, CIBANotificationURI: c.CIBANotificationURI,
		PushedRequests: c.RequiresPushedRequests(), DPoP: c.RequiresDPoP(), SignedRequests: c.SignedRequests,
		Secrets: []secretView{}, CreatedAt: stamp(c.CreatedAt), UpdatedAt: stamp(c.UpdatedAt), Secret: secret,
	}
	for _, s := range c.Secrets() {
		view.Secrets = append(view.Secrets, secretView{s.ID, stamp(s.CreatedAt)})
	}
	return view
}

// listed keeps an empty list from becoming null.
func listed[T any](values []T) []T {
	if values == nil {
		return []T{}
	}
	return values
}

func (v *verb) client(id string) (client.Client, error) {
	c, err := v.Clients.Get(v.ctx, id)
	if err != nil {
		return client.Client{}, fmt.Errorf("%q: %w", id, err)
	}
	return c, nil
}

func (v *verb) showClient(c client.Client) error {
	return v.show(viewClient(c, ""), func(w io.Writer) {
		kind := "confidential, " + string(c.AuthMethod)
		if c.Public() {
			kind = "public"
		}
		rows := [][2]string{{"Id", c.ID}, {"Name", c.Name}, {"Kind", kind}}
		for _, l := range []struct {
			label  string
			values []string
		}{
			{"Redirect URI", c.RedirectURIs}, {"After sign-out", c.PostLogoutRedirectURIs}, {"Origin", c.Origins},
			{"Keys at", said(c.JWKSURI)}, {"Resource", c.Resources}, {"Tells of sign-out", said(c.BackchannelLogoutURI)},
			{"Frame at sign-out", said(c.FrontchannelLogoutURI)}, {"CIBA", said(string(c.CIBA))}, {"Notified at", said(c.CIBANotificationURI)},
			{"Response modes", said(joined(c.ResponseModes))},
			{"Demands", demands(c)},
		} {
			for _, value := range l.values {
				rows = append(rows, [2]string{l.label, value})
			}
		}
		rows = append(rows, [][2]string{
			{"Grants", joined(c.Grants)}, {"Response types", joined(c.ResponseTypes)}, {"PKCE", string(c.PKCE)}, {"Second factor", string(c.SecondFactor)},
			{"ID tokens", string(c.IDTokenAlg)}, {"Access tokens", string(c.AccessTokens)}, {"Refresh tokens", rotation(c.RefreshRotation)},
		}...)
		for _, s := range c.Secrets() {
			rows = append(rows, [2]string{"Secret", s.ID + ", made " + moment(s.CreatedAt)})
		}
		sheet(w, append(rows, [2]string{"Added", moment(c.CreatedAt)}, [2]string{"Changed", moment(c.UpdatedAt)}))
	})
}

func said(value string) []string {
	if value == "" {
		return nil
	}
	return []string{value}
}

// demands are the switches that are on.
func demands(c client.Client) (all []string) {
	for text, on := range map[string]bool{
		"FAPI 2.0 Security Profile": c.FAPI == client.FAPI2, "pushed requests": c.RequiresPushedRequests(), "DPoP": c.RequiresDPoP(),
		"signed requests": c.SignedRequests, "no consent: first party": c.FirstParty,
	} {
		if on {
			all = append(all, text)
		}
	}
	slices.Sort(all)
	return all
}

func joined[T ~string](values []T) string {
	texts := make([]string, len(values))
	for i, value := range values {
		texts[i] = string(value)
	}
	return strings.Join(texts, ", ")
}

func rotation(on bool) string {
	if on {
		return "rotate"
	}
	return "stay"
}
