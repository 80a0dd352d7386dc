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

// Address is where a login to the person's own pages leads back to, below the public
// URL.
func Address(p idp.AccountPage) string {
	switch {
	case p.Name == idp.AccountAdd:
		return addPath
	case p.Name == idp.AccountConfirm:
		return confirmPath
	case p.Name == idp.AccountAddPasskey:
		return addPasskeyPath
	case p.Name == idp.AccountPasskey && p.Item != "":
		return passkeysPath + "/" + p.Item
	case p.Name == idp.AccountActivity:
		return activityPath
	case p.Name == idp.AccountSessions:
		return sessionsPath
	case p.Name == idp.AccountPassword:
		return passwordPath
	case p.Name == idp.AccountAddToken:
		return addTokenPath
	case p.Name == idp.AccountRecovery:
		return recoveryPath
	case p.Name == idp.AccountToken && p.Item != "":
		return tokensPath + "/" + p.Item
	case p.Name == idp.AccountNewToken && p.Item != "":
		return addTokenPath + "/" + p.Item
	case p.Name == idp.AccountReports:
		return reportsPath
	case p.Name == idp.AccountDevice && p.Item != "":
		return devicesPath + "/" + p.Item
	case p.Name == idp.AccountEnrolment && p.Item != "":
		return addPath + "/" + p.Item
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
