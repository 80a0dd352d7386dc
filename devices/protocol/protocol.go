// Package protocol is the language that a device and nod speak: the messages,
// their canonical encoding, the signatures around them and the PIN path.
//
// It owns what both sides must compute alike, and is pure: no database, no
// HTTP, no clock of its own. The server (devices, mfa and web/deviceapi) and the
// client (devices/simulator) build on the same functions, and testdata holds
// vectors for implementations in other languages. It leaves to its callers
// which device a key belongs to, which proofs were used before, what state a
// challenge is in, and which HTTP status an error becomes.
//
// Words: a request is one signed POST of a device (SignedRequest) or one
// question to a person (Request); the proof is the DPoP header beside it
// (RFC 9449); an approval is the set of facts that an answer commits to.
// docs/device-protocol.md tells the whole story to the author of a phone app.
package protocol

// Verbs are what a device can ask for. Each is a POST to Path(verb).
const (
	VerbEnrolBegin      = "enrol/begin"
	VerbEnrolCredential = "enrol/credential"
	VerbEnrolProve      = "enrol/prove"
	VerbEnrolStatus     = "enrol/status"
	VerbSubscribe       = "subscribe"
	VerbRequests        = "requests"
	VerbRequest         = "request"
	VerbPINHalf         = "pin-half"
	VerbAnswer          = "answer"
	VerbStream          = "stream"
	VerbPush            = "push"
	VerbNoticeSeen      = "notice-seen"
	VerbSnooze          = "snooze"
)

const (
	// ContentType is the media type of every request body (RFC 7515, section 9.2.1).
	ContentType = "application/jose"
	// MaxBody is the most bytes a request body may have.
	MaxBody = 16 << 10
	// MaxProof is the most bytes a DPoP header may have.
	MaxProof = 4 << 10
	// EventRequests is the stream's only event: something about the device's
	// requests changed, ask for them.
	EventRequests = "requests"
)

const (
	method      = "POST"
	pathPrefix  = "/device/v1/"
	typeRequest = "nod-device+jwt"
	typeProof   = "dpop+jwt" // RFC 9449, section 4.2
)

// Path returns the path of a verb below the public URL.
func Path(verb string) string { return pathPrefix + verb }

// Verbs returns every verb, in the order a device meets them.
func Verbs() []string {
	return []string{
		VerbEnrolBegin, VerbEnrolCredential, VerbEnrolProve, VerbEnrolStatus, VerbSubscribe, VerbRequests,
		VerbRequest, VerbPINHalf, VerbAnswer, VerbStream, VerbPush, VerbNoticeSeen, VerbSnooze,
	}
}
