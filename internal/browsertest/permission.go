package browsertest

// Permission is what a person answered when a site asked to show notifications.
type Permission string

// The answers. Ask is none yet; a page that asks is told at once that the person gave
// no answer, as there is no screen to give one on.
const (
	Granted Permission = "granted"
	Denied  Permission = "denied"
	Ask     Permission = "prompt"
)
