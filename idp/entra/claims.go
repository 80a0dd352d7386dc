package entra

import (
	"encoding/json"
	"errors"
	"slices"

	"github.com/nod-idp/nod/mfa"
)

// Wanted is what Entra asks the answer to tell: one of these classes, and one of these
// methods.
type Wanted struct {
	ACR []string
	AMR []string
}

// errWanted tells that the parameter claims does not say what is wanted.
var errWanted = errors.New("the claims parameter cannot be understood")

// Limits of the claims parameter.
const (
	maxClaims = 8 << 10 // bytes
	maxValues = 64
	maxValue  = 64 // bytes
)

// ParseClaims reads the parameter claims (OpenID Connect Core 1.0, section 5.5) as far as
// it is about acr and amr of the ID token. What it does not ask for is not wanted: there
// is no default.
func ParseClaims(raw string) (Wanted, error) {
	var asked struct {
		IDToken struct {
			ACR claimRequest `json:"acr"`
			AMR claimRequest `json:"amr"`
		} `json:"id_token"`
	}
	if len(raw) > maxClaims {
		return Wanted{}, errWanted
	}
	if err := json.Unmarshal([]byte(raw), &asked); err != nil {
		return Wanted{}, errWanted
	}
	acr, fine := asked.IDToken.ACR.all()
	amr, too := asked.IDToken.AMR.all()
	if !fine || !too {
		return Wanted{}, errWanted
	}
	return Wanted{acr, amr}, nil
}

// claimRequest asks for one value, or for one of several.
type claimRequest struct {
	Value  string   `json:"value"`
	Values []string `json:"values"`
}

func (r claimRequest) all() ([]string, bool) {
	values := r.Values
	if r.Value != "" {
		values = append([]string{r.Value}, values...)
	}
	long := func(v string) bool { return len(v) > maxValue }
	return values, len(values) <= maxValues && !slices.ContainsFunc(values, long)
}

// earned are the values of amr that a way of proving honestly earns, the most telling
// first. A device signs by a key in software and makes a passcode for this one request;
// that its person touched a sensor is known, but not which part of the body it looked at,
// so none of face, fpt, iris, retina and vbm is ever said. A passkey is FIDO2; whether its
// key lies in hardware is not known unless attested, so hwk is not said either.
var earned = map[mfa.Method][]string{
	mfa.MethodPush:     {"swk", "otp", "pop"},
	mfa.MethodPasscode: {"otp"},
	mfa.MethodPasskey:  {"fido", "pop"},
}

// possession are the classes that something a person has meets by itself. Every way in
// earned is one; Entra counts it so.
var possession = []string{"possessionorinherence", "possession", "knowledgeorpossession", "knowledgeorpossessionorinherence"}

// ACRs lists the classes that can be met.
func ACRs() []string { return slices.Clone(possession) }

// acr is the first class asked for that is met.
func (w Wanted) acr() (string, bool) {
	if i := slices.IndexFunc(w.ACR, func(c string) bool { return slices.Contains(possession, c) }); i >= 0 {
		return w.ACR[i], true
	}
	return "", false
}

// amr is the most telling method asked for that a way of proving earns.
func (w Wanted) amr(m mfa.Method) (string, bool) {
	for _, value := range earned[m] {
		if slices.Contains(w.AMR, value) {
			return value, true
		}
	}
	return "", false
}

// methods are the ways of proving that lead to an answer, none if there is no honest one.
func (w Wanted) methods() (ways []mfa.Method) {
	if _, met := w.acr(); !met {
		return nil
	}
	for _, m := range mfa.Methods() {
		if _, met := w.amr(m); met {
			ways = append(ways, m)
		}
	}
	return ways
}
