package main

import (
	"github.com/spf13/cobra"

	"github.com/nod-idp/nod/idp/client"
)

// bindClient adds the flags of a registration. Their defaults are those of idp/client.
func bindClient(cmd *cobra.Command) *cobra.Command {
	f := cmd.Flags()
	f.String("name", "", "name that people see when they sign in (default: the id)")
	f.StringArray("redirect-uri", nil, "where the browser takes the code, compared as it stands; repeatable")
	f.StringArray("post-logout-redirect-uri", nil, "where the browser may go after signing out; repeatable")
	f.StringArray("origin", nil, "origin whose pages may call the token and userinfo endpoints (CORS); repeatable")
	f.Bool("public", false, "the application cannot keep a secret: a native or single-page one")
	f.String("auth-method", "", "how the client proves itself: client_secret_basic, client_secret_post, private_key_jwt or none (default client_secret_basic)")
	f.String("jwks", "", "file with the client's public keys, a JWK set; - is standard input")
	f.String("jwks-uri", "", "where the client publishes its public keys")
	f.StringSlice("grant", nil, "grant types, separated by commas: authorization_code, refresh_token, client_credentials, implicit, device_code, ciba (default authorization_code,refresh_token)")
	f.StringSlice("response-type", nil, "response types, separated by commas: code, id_token, \"id_token token\", \"code id_token\", \"code token\", \"code id_token token\" (default code)")
	f.StringSlice("response-mode", nil, "ways an answer may travel, separated by commas: query, fragment, form_post, query.jwt, fragment.jwt, form_post.jwt (default all)")
	f.String("pkce", "", "code challenge: required or optional (default required)")
	f.String("second-factor", "", "beside the password: push-number, push or off (default push-number)")
	f.String("id-token-alg", "", "algorithm that signs ID tokens: RS256, PS256, ES256 or EdDSA (default RS256)")
	f.String("access-token", "", "form of access tokens: opaque, or jwt for RFC 9068 (default opaque)")
	f.StringArray("resource", nil, "protected resource the client may ask tokens for (RFC 8707); repeatable")
	f.String("backchannel-logout-uri", "", "where nod tells the application that a session ended")
	f.String("frontchannel-logout-uri", "", "page of the application that a hidden frame loads when a session ends")
	f.Bool("first-party", false, "the application is your own: nobody is asked for consent")
	f.Int("fapi", 0, "hold the client to the FAPI 2.0 Security Profile: 2, or 0 for none")
	f.String("ciba", "", "let the client ask people without a browser, and learn of the answer by: poll or ping")
	f.String("ciba-notification-uri", "", "where a client with --ciba ping is told")
	f.Bool("require-par", false, "take only authorization requests that were pushed (RFC 9126)")
	f.Bool("require-dpop", false, "give only tokens that are bound to a key (RFC 9449)")
	f.Bool("require-signed-request", false, "take only signed request objects (RFC 9101)")
	f.String("refresh-rotation", "", "exchange refresh tokens at each use: on or off (default on)")
	return cmd
}

// registration is what the flags say, applied to a present registration or an empty one.
type registration struct {
	client.New
	rotationSaid bool
}

// readRegistration reads the flags. What was not said is left empty.
func (v *verb) readRegistration() (r registration, err error) {
	r.ID, r.Name = v.args[0], v.text("name")
	for flag, to := range map[string]*[]string{
		"redirect-uri": &r.RedirectURIs, "post-logout-redirect-uri": &r.PostLogoutRedirectURIs, "origin": &r.Origins, "resource": &r.Resources,
	} {
		values, err := v.cmd.Flags().GetStringArray(flag)
		if err != nil {
			return r, err
		}
		for _, value := range values {
			if value != "" { // an empty one takes all away
				*to = append(*to, value)
			}
		}
	}
	grants, err := v.cmd.Flags().GetStringSlice("grant")
	if err != nil {
		return r, err
	}
	for _, g := range grants {
		r.Grants = append(r.Grants, client.GrantNamed(g))
	}
	if r.ResponseTypes, err = v.responseTypes(); err != nil {
		return r, err
	}
	if r.ResponseModes, err = v.responseModes(); err != nil {
		return r, err
	}
	if r.JWKS, err = v.keySet(); err != nil {
		return r, err
	}
	if r.FAPI, err = v.fapi(); err != nil {
		return r, err
	}
	r.JWKSURI, r.AccessTokens = v.text("jwks-uri"), client.AccessTokens(v.text("access-token"))
	r.BackchannelLogoutURI, r.FrontchannelLogoutURI = v.text("backchannel-logout-uri"), v.text("frontchannel-logout-uri")
	r.CIBA, r.CIBANotificationURI = client.CIBADelivery(v.text("ciba")), v.text("ciba-notification-uri")
	r.FirstParty, r.PushedRequests, r.DPoP, r.SignedRequests = v.on("first-party"), v.on("require-par"), v.on("require-dpop"), v.on("require-signed-request")
	if r.AuthMethod, err = v.authMethod(); err != nil {
		return r, err
	}
	r.PKCE, r.SecondFactor = client.PKCE(v.text("pkce")), client.SecondFactor(v.text("second-factor"))
	r.IDTokenAlg = client.IDTokenAlg(v.text("id-token-alg"))
	switch rotation := v.text("refresh-rotation"); {
	case !v.changed("refresh-rotation"):
	case rotation == "on" || rotation == "off":
		r.KeepRefreshTokens, r.rotationSaid = rotation == "off", true
	default:
		return r, misused("--refresh-rotation %q is refused; allowed is on or off", rotation)
	}
	return r, nil
}

// authMethod puts --public and --auth-method together.
func (v *verb) authMethod() (client.AuthMethod, error) {
	method := client.AuthMethod(v.text("auth-method"))
	switch {
	case v.on("public") && v.changed("auth-method") && method != client.AuthNone:
		return "", misused("--public and --auth-method %s exclude each other", method)
	case v.on("public"):
		return client.AuthNone, nil
	}
	return method, nil
}

// apply changes a present registration by what was said.
func (r registration) apply(v *verb, c *client.Client) {
	if v.changed("name") {
		c.Name = r.Name
	}
	if v.changed("redirect-uri") {
		c.RedirectURIs = r.RedirectURIs
	}
	if v.changed("post-logout-redirect-uri") {
		c.PostLogoutRedirectURIs = r.PostLogoutRedirectURIs
	}
	if v.changed("origin") {
		c.Origins = r.Origins
	}
	if v.changed("grant") {
		c.Grants = r.Grants
	}
	switch {
	case r.AuthMethod != "":
		c.AuthMethod = r.AuthMethod
	case v.changed("public") && c.Public(): // --public=false
		c.AuthMethod = client.AuthBasic
	}
	if v.changed("pkce") {
		c.PKCE = r.PKCE
	}
	if v.changed("second-factor") {
		c.SecondFactor = r.SecondFactor
	}
	if v.changed("id-token-alg") {
		c.IDTokenAlg = r.IDTokenAlg
	}
	r.applyProtocol(v, c)
	if r.rotationSaid {
		c.RefreshRotation = !r.KeepRefreshTokens
	}
}
