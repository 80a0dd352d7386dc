package evidence

import (
	"slices"
	"testing"
	"time"
)

func TestOnlyWhatWasProvedIsClaimed(t *testing.T) {
	at := time.Unix(1_800_000_000, 0)
	for name, row := range map[string]struct {
		e   Evidence
		acr string
		amr []string
	}{
		"nothing":                     {Evidence{}, "", nil},
		"a password":                  {Evidence{PasswordAt: at}, ACRPassword, []string{"pwd"}},
		"a password and a device":     {Evidence{PasswordAt: at, FactorAt: at, Factor: []string{"otp", "swk"}}, ACRMFA, []string{"mfa", "otp", "pwd", "swk"}},
		"a passkey":                   {Evidence{FactorAt: at, Passkey: "pky_1", Factor: []string{"pop", "user"}}, ACRPhishingResistant, []string{"mfa", "pop", "user"}},
		"a device alone, with a PIN":  {Evidence{FactorAt: at, Challenge: "chl_1", Factor: []string{"otp", "pin", "swk"}}, "", []string{"otp", "pin", "swk"}},
		"a device alone, with a face": {Evidence{FactorAt: at, Challenge: "chl_1", Factor: []string{"otp", "swk", "user"}}, "", []string{"otp", "swk", "user"}},
	} {
		if acr, amr := row.e.ACR(), row.e.AMR(); acr != row.acr || !slices.Equal(amr, row.amr) {
			t.Errorf("%s: got %q %v, want %q %v", name, acr, amr, row.acr, row.amr)
		}
	}
}
