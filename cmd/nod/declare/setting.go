package declare

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/nod-idp/nod/idp/client"
)

// set reads one setting into a client.
type set func(c *client.New, n *yaml.Node) error

// settings are those a client has, by the names of OpenID Connect Dynamic Client
// Registration 1.0, section 2, and its kin where they have one.
var settings = map[string]set{
	"client_id":                  text(func(c *client.New) *string { return &c.ID }),
	"name":                       text(func(c *client.New) *string { return &c.Name }),
	"token_endpoint_auth_method": text(func(c *client.New) *client.AuthMethod { return &c.AuthMethod }),
	"redirect_uris":              texts(func(c *client.New) *[]string { return &c.RedirectURIs }),
	"post_logout_redirect_uris":  texts(func(c *client.New) *[]string { return &c.PostLogoutRedirectURIs }),
	"grant_types":                grantTypes,
	"response_types":             responseTypes,
	"response_modes":             responseModes,
	"pkce":                       text(func(c *client.New) *client.PKCE { return &c.PKCE }),
	"second_factor":              text(func(c *client.New) *client.SecondFactor { return &c.SecondFactor }),
	"id_token_signed_response_alg": text(
		func(c *client.New) *client.IDTokenAlg { return &c.IDTokenAlg }),
	"refresh_rotation":         refreshRotation,
	"origins":                  texts(func(c *client.New) *[]string { return &c.Origins }),
	"jwks":                     keySet,
	"jwks_uri":                 text(func(c *client.New) *string { return &c.JWKSURI }),
	"access_token_format":      text(func(c *client.New) *client.AccessTokens { return &c.AccessTokens }),
	"resources":                texts(func(c *client.New) *[]string { return &c.Resources }),
	"backchannel_logout_uri":   text(func(c *client.New) *string { return &c.BackchannelLogoutURI }),
	"frontchannel_logout_uri":  text(func(c *client.New) *string { return &c.FrontchannelLogoutURI }),
	"first_party":              yes(func(c *client.New) *bool { return &c.FirstParty }),
	"fapi":                     fapi,
	"dpop_bound_access_tokens": yes(func(c *client.New) *bool { return &c.DPoP }),
	"backchannel_token_delivery_mode": text(
		func(c *client.New) *client.CIBADelivery { return &c.CIBA }),
	"backchannel_client_notification_endpoint": text(
		func(c *client.New) *string { return &c.CIBANotificationURI }),
	"require_pushed_authorization_requests": yes(func(c *client.New) *bool { return &c.PushedRequests }),
	"require_signed_request_object":         yes(func(c *client.New) *bool { return &c.SignedRequests }),
}

// otherNames are those that idp/client has for settings, where they differ.
var otherNames = map[string]string{
	"id_token_alg": "id_token_signed_response_alg", "access_tokens": "access_token_format", "grants": "grant_types",
	"ciba": "backchannel_token_delivery_mode", "ciba_notification_uri": "backchannel_client_notification_endpoint",
	"auth_method": "token_endpoint_auth_method", "pushed_requests": "require_pushed_authorization_requests",
	"dpop": "dpop_bound_access_tokens", "signed_requests": "require_signed_request_object",
}

// Name is what a setting is called here that idp/client names otherwise.
func Name(setting string) string {
	if known, ok := otherNames[setting]; ok {
		return known
	}
	return setting
}

// flagsInstead are names that somebody who knows the flags might write.
var flagsInstead = map[string]string{
	"id": "client_id", "auth_method": "token_endpoint_auth_method", "redirect_uri": "redirect_uris", "grant": "grant_types",
	"grants": "grant_types", "response_type": "response_types", "response_mode": "response_modes", "origin": "origins", "resource": "resources",
	"post_logout_redirect_uri": "post_logout_redirect_uris", "id_token_alg": "id_token_signed_response_alg",
	"access_token": "access_token_format", "ciba": "backchannel_token_delivery_mode",
	"ciba_notification_uri": "backchannel_client_notification_endpoint", "require_par": "require_pushed_authorization_requests",
	"require_dpop": "dpop_bound_access_tokens", "require_signed_request": "require_signed_request_object",
	"public": "token_endpoint_auth_method: none",
}

var (
	errText  = errors.New("a text is wanted")
	errTexts = errors.New("a list of texts is wanted")
	errYes   = errors.New("true or false is wanted")
)

func text[T ~string](field func(*client.New) *T) set {
	return func(c *client.New, n *yaml.Node) error {
		value, ok := scalar(n)
		if !ok {
			return errText
		}
		*field(c) = T(value)
		return nil
	}
}

func texts(field func(*client.New) *[]string) set {
	return func(c *client.New, n *yaml.Node) error {
		values, err := list(n)
		*field(c) = values
		return err
	}
}

func yes(field func(*client.New) *bool) set {
	return func(c *client.New, n *yaml.Node) error {
		if n.Kind != yaml.ScalarNode || n.Tag != "!!bool" || n.Decode(field(c)) != nil {
			return errYes
		}
		return nil
	}
}

func refreshRotation(c *client.New, n *yaml.Node) error {
	rotate := true
	err := yes(func(*client.New) *bool { return &rotate })(c, n)
	c.KeepRefreshTokens = !rotate
	return err
}

func fapi(c *client.New, n *yaml.Node) error {
	var profile int
	if n.Kind != yaml.ScalarNode || n.Tag != "!!int" || n.Decode(&profile) != nil {
		return errors.New("2 or 0 is wanted")
	}
	c.FAPI = client.FAPI(profile)
	return nil
}

func grantTypes(c *client.New, n *yaml.Node) error {
	values, err := list(n)
	for _, value := range values {
		c.Grants = append(c.Grants, client.GrantNamed(value))
	}
	return err
}

func responseTypes(c *client.New, n *yaml.Node) error {
	values, err := list(n)
	for _, value := range values {
		c.ResponseTypes = append(c.ResponseTypes, client.ResponseTypeNamed(value))
	}
	return err
}

func responseModes(c *client.New, n *yaml.Node) error {
	values, err := list(n)
	for _, value := range values {
		c.ResponseModes = append(c.ResponseModes, client.ResponseMode(value))
	}
	return err
}

// keySet takes a JWK set as a mapping, or as the text of one.
func keySet(c *client.New, n *yaml.Node) error {
	if value, ok := scalar(n); ok {
		c.JWKS = strings.TrimSpace(value)
		return nil
	}
	var set map[string]any
	if n.Kind != yaml.MappingNode || n.Decode(&set) != nil {
		return errors.New("a JWK set is wanted")
	}
	written, err := json.Marshal(set)
	if err != nil {
		return fmt.Errorf("a JWK set is wanted: %w", err)
	}
	c.JWKS = string(written)
	return nil
}

func scalar(n *yaml.Node) (string, bool) {
	if n.Kind != yaml.ScalarNode || n.Tag == "!!null" || n.Tag == "!!binary" {
		return "", false
	}
	return n.Value, true
}

func list(n *yaml.Node) (values []string, err error) {
	if n.Kind != yaml.SequenceNode {
		return nil, errTexts
	}
	for _, item := range n.Content {
		value, ok := scalar(item)
		if !ok {
			return nil, errTexts
		}
		values = append(values, value)
	}
	return values, nil
}
