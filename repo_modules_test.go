package nod_test

// reasons is the allow-list of modules: every direct dependency and why nod does not
// do without it or do it itself.
var reasons = map[string]string{
	"github.com/anishathalye/porcupine":       "whether a history of concurrent operations can have happened; a search that is easy to get wrong, used by tests alone",
	"github.com/boombuler/barcode":            "QR codes of enrolment links; pquerna/otp brings it into the build anyway",
	"github.com/chromedp/cdproto":             "the commands of Chromium's DevTools protocol; chromedp pins its version",
	"github.com/chromedp/chromedp":            "drives Chromium in browser tests, without a driver program",
	"github.com/coreos/go-oidc/v3":            "the relying party of the demo and of the end-to-end tests is written by other hands",
	"github.com/go-jose/go-jose/v4":           "JOSE of foreign tokens: parsing and verifying is no place for own code",
	"github.com/go-webauthn/webauthn":         "WebAuthn: registrations, assertions, attestation formats; chosen by the owner",
	"github.com/godbus/dbus/v5":               "the desktop that browsers show notifications on in browser tests",
	"github.com/jackc/pgx/v5":                 "PostgreSQL driver with LISTEN/NOTIFY",
	"github.com/jmoiron/sqlx":                 "rows into structs; chosen by the owner",
	"github.com/oschwald/maxminddb-golang/v2": "reads the file of places that an operator may supply; a format of its own, with checks against damage",
	"github.com/pquerna/otp":                  "TOTP and HOTP; chosen by the owner",
	"github.com/spf13/cobra":                  "commands with help, examples and flags on either side of arguments",
	"github.com/spf13/pflag":                  "the flags behind cobra: settings read them by name and know which were given",
	"golang.org/x/sys":                        "switching off the echo of a terminal while a password is typed",
	"github.com/wneessen/go-mail":             "mails by SMTP with STARTTLS demanded; net/smtp of the standard library is frozen",
	"github.com/zitadel/oidc/v3":              "toolkit of the token endpoints; chosen by the owner",
	"go.yaml.in/yaml/v3":                      "configuration file, with the line of every mistake",
	"golang.org/x/crypto":                     "Argon2id, which the standard library lacks",
	"golang.org/x/net":                        "HTML parser of the scripted browser in tests and load programs; WebSocket of the push service in browser tests",
	"golang.org/x/oauth2":                     "the OAuth client beside go-oidc",
	"golang.org/x/text":                       "Unicode normalisation of account names and passwords",
	"modernc.org/sqlite":                      "SQLite without a C compiler; chosen by the owner",
}
