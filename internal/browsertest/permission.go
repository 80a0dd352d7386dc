package browsertest

// Permission is what a person answered when a site asked to show notifications.
type Permission string

// The answers. Ask is none yet: without a screen there is nobody to ask, so a browser
// leaves the question open or takes it as refused.
const (
	Granted Permission = "granted"
	Denied  Permission = "denied"
	Ask     Permission = "prompt"
)
