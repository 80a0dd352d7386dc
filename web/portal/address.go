package portal

import (
	"github.com/nod-idp/nod/devices"
	"github.com/nod-idp/nod/idp"
	"github.com/nod-idp/nod/web/page"
)

// Home is the address of the person's own pages.
const Home = "/account/"

// The addresses below it.
const (
	devicesPath   = Home + "devices"
	addPath       = devicesPath + "/add"
	atOncePath    = Home + "at-once"
	confirmPath   = devices.ConfirmPath
	confirmedPath = Home + "device-confirmed"
	refusedPath   = Home + "device-refused"
	activityPath  = Home + "activity"
	sessionsPath  = Home + "sessions"
	passwordPath  = Home + "password"
	reportsPath   = Home + "reports"
	changedPath   = Home + "password-changed"
	signOutPath   = "/logout"

	passkeysPath     = Home + "passkeys"
	addPasskeyPath   = passkeysPath + "/add"
	passkeyAddedPath = Home + "passkey-added"

	tokensPath     = Home + "tokens"
	addTokenPath   = tokensPath + "/add"
	tokenAddedPath = Home + "token-added"
	recoveryPath   = Home + "recovery"
)

// AddPath is where a first device is set up, if policy allows.
const AddPath = addPath

// pages are those that need nothing more than their name; the others, in things, are of
// one thing, whose id follows.
var (
	pages = map[idp.AccountName]string{
		idp.AccountAdd: addPath, idp.AccountConfirm: confirmPath, idp.AccountActivity: activityPath, idp.AccountSessions: sessionsPath,
		idp.AccountPassword: passwordPath, idp.AccountAddPasskey: addPasskeyPath, idp.AccountAddToken: addTokenPath,
		idp.AccountRecovery: recoveryPath, idp.AccountReports: reportsPath,
	}
	things = map[idp.AccountName]string{
		idp.AccountDevice: devicesPath, idp.AccountEnrolment: addPath, idp.AccountPasskey: passkeysPath,
		idp.AccountToken: tokensPath, idp.AccountNewToken: addTokenPath,
	}
)

// Address is where a login to the person's own pages leads back to, below the public
// URL.
func Address(p idp.AccountPage) string {
	if path, ok := pages[p.Name]; ok {
		return path
	}
	if path, ok := things[p.Name]; ok && p.Item != "" {
		return path + "/" + p.Item
	}
	return devicesPath
}

// Frame stands around the person's own pages.
type Frame struct {
	page.Frame
	Section string // which entry of the navigation is current, "" for none
}

// The sections of the navigation.
const (
	sectionDevices  = "devices"
	sectionActivity = "activity"
	sectionSessions = "sessions"
	sectionPassword = "password"
)

func framed(section string) Frame { return Frame{Section: section} }
