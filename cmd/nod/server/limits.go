package server

import "github.com/nod-idp/nod/web/guard"

// limits are what one address may send each second, and at once. They are meant to stop one
// machine that runs wild, not a company behind one address; docs/operate.md has the table.
// A server whose routes are not all here does not start.
var limits = []guard.Limit{
	// It costs next to nothing, and must answer however busy the server is.
	{Name: "memory", Routes: []string{
		"GET /healthz", "GET /readyz", "GET /.well-known/openid-configuration", "GET /.well-known/oauth-authorization-server",
		"GET /.well-known/jwks.json", "GET /entra/{tenant}/.well-known/openid-configuration", "GET /entra/{tenant}/keys",
		"GET /static/{hash}/{name...}", "GET /favicon.ico", "GET /app/{$}", "GET /app/enrol", "GET /app/worker.js",
		"GET /app/manifest.webmanifest",
	}},
	// One address may be the one server that signs in everybody.
	{Name: "applications", PerSecond: 1000, Burst: 5000, Routes: []string{
		"POST /oauth/token", "POST /oauth/introspect", "POST /oauth/revoke", "GET /oauth/userinfo", "POST /oauth/userinfo",
	}},
	// Each stores a row.
	{Name: "requests of applications", PerSecond: 200, Burst: 1000, Routes: []string{
		"POST /oauth/par", "POST /oauth/device_authorization", "POST /oauth/bc-authorize",
	}},
	// Anybody may send these. A thousand people behind one address begin in ten seconds.
	{Name: "beginnings", PerSecond: 100, Burst: 1000, Routes: []string{
		"GET /authorize", "POST /authorize", "GET /entra/{tenant}/authorize", "POST /entra/{tenant}/authorize",
	}},
	// A page that waits without a stream asks every two seconds.
	{Name: "pages", PerSecond: 500, Burst: 5000, Routes: []string{
		"GET /login/{login}", "GET /login/{login}/passkey", "GET /help", "GET /help/{login}", "GET /help/sent", "GET /reset",
		"GET /reset/password", "GET /reset/done", "GET /account/{$}", "GET /account/devices", "GET /account/devices/{device}",
		"GET /account/devices/add", "GET /account/devices/add/{enrolment}", "GET /account/confirm", "GET /account/device-confirmed",
		"GET /account/device-refused", "GET /account/passkeys/add", "GET /account/passkey-added", "GET /account/passkeys/{passkey}",
		"GET /account/activity", "GET /account/sessions", "GET /account/tokens/add", "GET /account/tokens/add/{token}",
		"GET /account/token-added", "GET /account/tokens/{token}", "GET /account/recovery", "GET /account/reports", "GET /account/password",
		"GET /account/password-changed", "GET /link", "GET /link/allowed", "GET /link/denied", "GET /link/over", "GET /link/{pairing}",
		"GET /entra/{tenant}/arrive/{login}", "GET /entra/{tenant}/identify/{login}", "GET /entra/{tenant}/enrol/{login}",
		"GET /entra/{tenant}/enrol/{login}/{enrolment}", "GET /entra/{tenant}/answer/{login}", "GET /logout", "GET /logout/done",
	}},
	// A sign-in has four or five.
	{Name: "forms", PerSecond: 100, Burst: 1000, Routes: []string{
		"POST /login/{login}/passcode", "POST /login/{login}/recovery-code", "POST /login/{login}/waive", "POST /login/{login}/other-account",
		"POST /login/{login}/password", "POST /login/{login}/recovery", "POST /login/{login}/cancel", "POST /login/{login}/send-again",
		"POST /login/{login}/allow", "POST /login/{login}/go-on", "POST /login/{login}/mobile", "POST /login/{login}/passkey",
		"POST /login/{login}/typed", "POST /login/{login}/choose", "POST /account/at-once", "POST /account/devices/{device}/rename",
		"POST /account/devices/{device}/push", "POST /account/devices/{device}/snooze", "POST /account/devices/{device}/suspend",
		"POST /account/devices/{device}/resume", "POST /account/devices/{device}/remove", "POST /account/devices/add",
		"POST /account/devices/add/{enrolment}/withdraw", "POST /account/devices/add/{enrolment}/confirm",
		"POST /account/devices/add/{enrolment}/refuse", "POST /account/confirm/{enrolment}/confirm", "POST /account/confirm/{enrolment}/refuse",
		"POST /account/passkeys/add", "POST /account/passkeys/{passkey}/rename", "POST /account/passkeys/{passkey}/remove",
		"POST /account/sessions/others/end", "POST /account/sessions/{session}/end", "POST /account/sessions/disconnect",
		"POST /account/tokens/add", "POST /account/tokens/add/{token}/prove", "POST /account/tokens/{token}/rename",
		"POST /account/tokens/{token}/remove", "POST /account/recovery", "POST /account/reports/{report}/lift", "POST /account/password",
		"POST /link/{pairing}/allow", "POST /link/{pairing}/deny", "POST /entra/{tenant}/identify/{login}", "POST /entra/{tenant}/enrol/{login}",
		"POST /entra/{tenant}/enrol/{login}/{enrolment}/confirm", "POST /entra/{tenant}/enrol/{login}/{enrolment}/refuse", "POST /logout",
		"POST /logout/confirm",
	}},
	// Each guesses a code or sends a mail; both have further limits in the database.
	{Name: "typed codes and forgotten passwords", PerSecond: 5, Burst: 100, Routes: []string{
		"POST /link", "POST /help/password", "POST /reset", "POST /reset/password",
	}},
	// After a restart all pages come back within three seconds.
	{Name: "streams", PerSecond: 500, Burst: 10000, Routes: []string{
		"GET /login/{login}/stream", "GET /account/devices/add/{enrolment}/stream", "POST /device/v1/stream",
	}},
	{Name: "devices", PerSecond: 200, Burst: 2000, Routes: []string{
		"POST /device/v1/requests", "POST /device/v1/request", "POST /device/v1/pin-half", "POST /device/v1/answer", "POST /device/v1/push",
		"POST /device/v1/notice-seen", "POST /device/v1/snooze", "POST /device/v1/subscribe",
	}},
	{Name: "enrolments", PerSecond: 20, Burst: 200, Routes: []string{
		"POST /device/v1/enrol/begin", "POST /device/v1/enrol/credential", "POST /device/v1/enrol/prove", "POST /device/v1/enrol/status",
	}},
}
