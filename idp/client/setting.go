package client

// AuthMethod is how a client proves at the token endpoint who it is (OpenID Connect
// Core 1.0, section 9).
type AuthMethod string

// The methods. AuthNone makes a public client.
const (
	AuthBasic AuthMethod = "client_secret_basic"
	AuthPost  AuthMethod = "client_secret_post"
	AuthNone  AuthMethod = "none"
)

// Grant is a grant type (RFC 6749, section 1.3).
type Grant string

// The grant types that can be registered. There is no password grant.
const (
	AuthorizationCode Grant = "authorization_code"
	RefreshToken      Grant = "refresh_token"
	ClientCredentials Grant = "client_credentials"
)

// ResponseType is what the authorization endpoint may answer with.
type ResponseType string

// The response types that can be registered.
const (
	Code ResponseType = "code"
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
	ES256 IDTokenAlg = "ES256"
	EdDSA IDTokenAlg = "EdDSA"
)

// The values of each setting, the default first.
var (
	authMethods   = []AuthMethod{AuthBasic, AuthPost, AuthNone}
	grants        = []Grant{AuthorizationCode, RefreshToken, ClientCredentials}
	defaultGrants = []Grant{AuthorizationCode, RefreshToken}
	pkces         = []PKCE{PKCERequired, PKCEOptional}
	secondFactors = []SecondFactor{FactorPushNumber, FactorPush, FactorOff}
	idTokenAlgs   = []IDTokenAlg{RS256, ES256, EdDSA}
)
