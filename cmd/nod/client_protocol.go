package main

import (
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/nod-idp/nod/idp/client"
)

func (v *verb) responseTypes() (types []client.ResponseType, err error) {
	values, err := v.cmd.Flags().GetStringSlice("response-type")
	if err != nil {
		return nil, err
	}
	for _, value := range values {
		types = append(types, client.ResponseTypeNamed(value))
	}
	return types, nil
}

// responseModes reads the list. One empty value empties it.
func (v *verb) responseModes() (modes []client.ResponseMode, err error) {
	values, err := v.cmd.Flags().GetStringSlice("response-mode")
	if err != nil {
		return nil, err
	}
	for _, value := range values {
		if value != "" {
			modes = append(modes, client.ResponseMode(value))
		}
	}
	return modes, nil
}

// proving says what a client becomes that has no secret any more.
func proving(method client.AuthMethod) string {
	if method == client.AuthPrivateKey {
		return "prove itself by its key"
	}
	return "public"
}

// maxKeySet is how much of a key set is read, in bytes.
const maxKeySet = 1 << 20

func (v *verb) keySet() (string, error) {
	path := v.text("jwks")
	if path == "" {
		return "", nil
	}
	from := v.cmd.InOrStdin()
	if path != "-" {
		file, err := os.Open(path)
		if err != nil {
			return "", misused("--jwks: %v", err)
		}
		defer file.Close()
		from = file
	}
	text, err := io.ReadAll(io.LimitReader(from, maxKeySet))
	if err != nil {
		return "", fmt.Errorf("read the key set %s: %w", path, err)
	}
	return strings.TrimSpace(string(text)), nil
}

func (v *verb) fapi() (client.FAPI, error) {
	profile, err := v.cmd.Flags().GetInt("fapi")
	return client.FAPI(profile), err
}

// applyProtocol changes what the protocol beyond the code flow knows of a client.
func (r registration) applyProtocol(v *verb, c *client.Client) {
	for flag, apply := range map[string]func(){
		"response-type":           func() { c.ResponseTypes = r.ResponseTypes },
		"response-mode":           func() { c.ResponseModes = r.ResponseModes },
		"jwks":                    func() { c.JWKS = r.JWKS },
		"jwks-uri":                func() { c.JWKSURI = r.JWKSURI },
		"access-token":            func() { c.AccessTokens = r.AccessTokens },
		"resource":                func() { c.Resources = r.Resources },
		"backchannel-logout-uri":  func() { c.BackchannelLogoutURI = r.BackchannelLogoutURI },
		"frontchannel-logout-uri": func() { c.FrontchannelLogoutURI = r.FrontchannelLogoutURI },
		"first-party":             func() { c.FirstParty = r.FirstParty },
		"ciba":                    func() { c.CIBA = r.CIBA },
		"ciba-notification-uri":   func() { c.CIBANotificationURI = r.CIBANotificationURI },
		"require-par":             func() { c.PushedRequests = r.PushedRequests },
		"require-dpop":            func() { c.DPoP = r.DPoP },
		"require-signed-request":  func() { c.SignedRequests = r.SignedRequests },
	} {
		if v.changed(flag) {
			apply()
		}
	}
	if v.changed("fapi") {
		if c.FAPI = r.FAPI; c.FAPI == client.FAPI2 {
			c.RefreshRotation = false
		}
	}
}
