package entra

import (
	"fmt"
	"net/url"

	"github.com/nod-idp/nod/internal/outbound"
)

// Cloud is one of the separate Microsofts, each with addresses of its own.
type Cloud string

// The clouds.
const (
	Global Cloud = "global"
	USGov  Cloud = "usgov"
	China  Cloud = "china" // operated by 21Vianet
)

// Clouds lists them.
func Clouds() []Cloud { return []Cloud{Global, USGov, China} }

var authorities = map[Cloud]string{
	Global: "https://login.microsoftonline.com",
	USGov:  "https://login.microsoftonline.us",
	China:  "https://login.partner.microsoftonline.cn",
}

// replyPath is where each cloud takes answers, below its authority.
const replyPath = "/common/federation/externalauthprovider"

// ReplyURLs are the addresses at which the clouds take answers.
func ReplyURLs() []string {
	all := make([]string, 0, len(authorities))
	for _, c := range Clouds() {
		all = append(all, authorities[c]+replyPath)
	}
	return all
}

// loopback refuses an address that is not on this machine: a rehearsal must not be able to
// send an answer anywhere else, nor to believe hints from there.
func loopback(what, address string) error {
	u, err := url.Parse(address)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.User != nil || u.RawQuery != "" || u.Fragment != "" ||
		!outbound.Loopback(u.Hostname()) {
		return fmt.Errorf("%w: %s %q is not an address of this machine such as http://127.0.0.1:8443", ErrRefused, what, address)
	}
	return nil
}
