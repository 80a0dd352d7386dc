package client

import (
	"slices"
	"strings"
)

// AuthMethod is how a client proves at the token endpoint who it is (OpenID Connect
// Core 1.0, section 9).
type AuthMethod string

// The methods. AuthNone makes a public client.
const (
	AuthBasic      AuthMethod = "client_secret_basic"
	AuthPost       AuthMethod = "client_secret_post"
	AuthPrivateKey AuthMethod = "private_key_jwt"
	AuthNone       AuthMethod = "none"
)

// Grant is a grant type (RFC 6749, section 1.3).
type Grant string

// The grant types that can be registered. There is no password grant.
const (
	AuthorizationCode Grant = "authorization_code"
	RefreshToken      Grant = "refresh_token"
	ClientCredentials Grant = "client_credentials"
	Implicit          Grant = "implicit"                                     // OpenID Connect Core 1.0, sections 3.2 and 3.3
	DeviceCode        Grant = "urn:ietf:params:oauth:grant-type:device_code" // RFC 8628, section 3.4
	CIBA              Grant = "urn:openid:params:grant-type:ciba"            // OpenID Connect CIBA Core 1.0, section 10.1
)

// ResponseType is what the authorization endpoint may answer with.
type ResponseType string

// The response types that can be registered (OAuth 2.0 Multiple Response Type Encoding
// Practices, sections 3 and 5). There is no plain token: an access token that came
// through an address belongs to nobody who can be told (RFC 9700, section 2.1.2).
const (
	Code             ResponseType = "code"
	IDToken          ResponseType = "id_token"
	IDTokenToken     ResponseType = "id_token token"
	CodeIDToken      ResponseType = "code id_token"
	CodeToken        ResponseType = "code token"
	CodeIDTokenToken ResponseType = "code id_token token"
)

// Has reports whether the response holds a part: code, id_token or token.
func (t ResponseType) Has(part string) bool {
	return slices.Contains(strings.Fields(string(t)), part)
}

// ResponseMode is a way an answer travels from the authorization endpoint. That a request
// may say jwt for what fits its response type is no way of its own.
type ResponseMode string

// The response modes that can be registered (OAuth 2.0 Multiple Response Type Encoding
// Practices, section 2.1, OAuth 2.0 Form Post Response Mode, and JARM 1.0, section 2.3).
const (
	Query       ResponseMode = "query"
	Fragment    ResponseMode = "fragment"
	FormPost    ResponseMode = "form_post"
	QueryJWT    ResponseMode = "query.jwt"
	FragmentJWT ResponseMode = "fragment.jwt"
	FormPostJWT ResponseMode = "form_post.jwt"
)

// PKCE says whether an authorization request must carry a code challenge (RFC 7636).
type PKCE string

// The choices. A public client is never excused.
const (
	PKCERequired PKCE = "required"
	PKCEOptional PKCE = "optional"
)

// SecondFactor says what a login for the client needs beside the password.
type SecondFactor string

// The choices: none, an approval, or an approval with the match number typed.
const (
	FactorOff        SecondFactor = "off"
	FactorPush       SecondFactor = "push"
	FactorPushNumber SecondFactor = "push-number"
)

// IDTokenAlg is the algorithm that signs the client's ID tokens (RFC 7518, section 3.1).
type IDTokenAlg string

// The algorithms.
const (
	RS256 IDTokenAlg = "RS256"
	PS256 IDTokenAlg = "PS256"
	ES256 IDTokenAlg = "ES256"
	EdDSA IDTokenAlg = "EdDSA"
)

// AccessTokens is the form of a client's access tokens.
type AccessTokens string

// The forms: text that only nod understands, or a JWT that a resource server can verify
// by itself (RFC 9068).
const (
	OpaqueTokens AccessTokens = "opaque"
	JWTTokens    AccessTokens = "jwt"
)

// CIBADelivery is how a client learns that a person has answered (OpenID Connect CIBA
// Core 1.0, section 5).
type CIBADelivery string

// The ways. A client without one may not ask that way.
const (
	CIBAOff  CIBADelivery = ""
	CIBAPoll CIBADelivery = "poll"
	CIBAPing CIBADelivery = "ping"
)

// FAPI is the profile that a client is held to.
type FAPI int

// The profiles: none, or the FAPI 2.0 Security Profile.
const (
	NoFAPI FAPI = 0
	FAPI2  FAPI = 2
)

// The values of each setting, the default first.
var (
	authMethods   = []AuthMethod{AuthBasic, AuthPost, AuthPrivateKey, AuthNone}
	grants        = []Grant{AuthorizationCode, RefreshToken, ClientCredentials, Implicit, DeviceCode, CIBA}
	defaultGrants = []Grant{AuthorizationCode, RefreshToken}
	pkces         = []PKCE{PKCERequired, PKCEOptional}
	secondFactors = []SecondFactor{FactorPushNumber, FactorPush, FactorOff}
	idTokenAlgs   = []IDTokenAlg{RS256, PS256, ES256, EdDSA}
	responseTypes = []ResponseType{Code, IDToken, IDTokenToken, CodeIDToken, CodeToken, CodeIDTokenToken}
	responseModes = []ResponseMode{Query, Fragment, FormPost, QueryJWT, FragmentJWT, FormPostJWT}
	accessTokens  = []AccessTokens{OpaqueTokens, JWTTokens}
	cibaWays      = []CIBADelivery{CIBAOff, CIBAPoll, CIBAPing}
)
