package idp

// Browser is what a request's cookies and connection say about the browser. The
// tokens are the raw values of its cookies, "" where it sent none.
type Browser struct {
	LoginToken   string // binds stored logins to this browser
	SessionToken string // single sign-on
	KnownToken   string // a browser that completed a whole login before
	IP           string
	UserAgent    string
}

// Begun is how an authorization request was taken up: either it can be answered at
// once, or the browser goes on to the login page.
type Begun struct {
	LoginID    string
	LoginToken string    // the cookie to set, "" when the browser has it already
	Response   *Response // set when the client is answered at once
}

// Response is what goes back to the client's redirect URI: a code or an error.
type Response struct {
	Request AuthRequest
	Code    string
	Err     *OAuthError
}
