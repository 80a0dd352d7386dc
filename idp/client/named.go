package client

import (
	"slices"
	"strings"
)

// shortGrants are names that are easier to type than the URNs they stand for.
var shortGrants = map[string]Grant{"device_code": DeviceCode, "ciba": CIBA}

// GrantNamed is the grant type that an administrator writes as name.
func GrantNamed(name string) Grant {
	if grant, short := shortGrants[name]; short {
		return grant
	}
	return Grant(name)
}

// ResponseTypeNamed is the response type that an administrator writes as name: its parts
// may stand in any order (OAuth 2.0 Multiple Response Type Encoding Practices, section 4).
func ResponseTypeNamed(name string) ResponseType {
	parts := strings.Fields(name)
	slices.Sort(parts)
	return ResponseType(strings.Join(parts, " "))
}
