package idp

// OAuthError is a failure that the protocol has a name for. Code is what the
// client is told (RFC 6749, sections 4.1.2.1 and 5.2, and OpenID Connect Core 1.0,
// section 3.1.2.6); Description is for its developer and holds no secrets; Err is
// the reason for the log alone.
type OAuthError struct {
	Code        string
	Description string
	Err         error
}

// Error describes the failure for the log.
func (e *OAuthError) Error() string {
	text := e.Code
	if e.Description != "" {
		text += ": " + e.Description
	}
	if e.Err != nil {
		text += " (" + e.Err.Error() + ")"
	}
	return text
}

// Unwrap returns the reason.
func (e *OAuthError) Unwrap() error { return e.Err }

// Error codes of the protocol.
const (
	InvalidRequest          = "invalid_request"
	InvalidClient           = "invalid_client"
	InvalidGrant            = "invalid_grant"
	InvalidScope            = "invalid_scope"
	InvalidToken            = "invalid_token"
	InvalidTarget           = "invalid_target"     // RFC 8707, section 2
	InvalidDPoPProof        = "invalid_dpop_proof" // RFC 9449, section 12.2
	UseDPoPNonce            = "use_dpop_nonce"
	UnauthorizedClient      = "unauthorized_client"
	UnsupportedGrantType    = "unsupported_grant_type"
	UnsupportedResponseType = "unsupported_response_type"
	RequestNotSupported     = "request_not_supported"
	RequestURINotSupported  = "request_uri_not_supported"
	AccessDenied            = "access_denied"
	ServerError             = "server_error"
	TemporarilyUnavailable  = "temporarily_unavailable"
	LoginRequired           = "login_required"
	InteractionRequired     = "interaction_required"
	ConsentRequired         = "consent_required"
	InvalidRequestObject    = "invalid_request_object"
	InvalidRequestURI       = "invalid_request_uri"
	// UnmetAuthentication is of OpenID Connect Core Error Code
	// unmet_authentication_requirements 1.0.
	UnmetAuthentication = "unmet_authentication_requirements"
)
