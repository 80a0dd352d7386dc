package mfa

// Origin is what a device's request says about where it came from.
type Origin struct {
	// Browser is the id of the browser whose login cookie came along, "" for none. What
	// comes from the very browser that asks needs no match number.
	Browser string
	// IP is the device's own address, "" if it is not known.
	IP string
}
