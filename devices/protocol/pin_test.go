package protocol

import (
	"bytes"
	"testing"
)

func TestEveryPINOpensToSomethingAndOnlyTheRightOneToTheSecret(t *testing.T) {
	secret, salt, half := bytes.Repeat([]byte{1}, 32), bytes.Repeat([]byte{2}, 16), bytes.Repeat([]byte{3}, 32)
	seal, err := SealPIN(secret, "1234", salt, half, 0)
	if err != nil {
		t.Fatal(err)
	}
	if seal.Iterations != PINIterations || bytes.Equal(seal.Sealed, secret) {
		t.Errorf("got %+v, want a sealed secret with the default iterations", seal)
	}
	opened, err := OpenPIN(seal, "1234", half)
	if err != nil || !bytes.Equal(opened, secret) {
		t.Errorf("the right PIN: got %x (%v), want %x", opened, err, secret)
	}
	for _, pin := range []string{"1235", "12340"} {
		got, err := OpenPIN(seal, pin, half)
		if err != nil || len(got) != PINSecretSize || bytes.Equal(got, secret) {
			t.Errorf("PIN %s: got %x (%v), want another secret", pin, got, err)
		}
	}
	got, err := OpenPIN(seal, "1234", bytes.Repeat([]byte{4}, 32))
	if err != nil || bytes.Equal(got, secret) {
		t.Errorf("another half: got %x (%v), want another secret", got, err)
	}
}

func TestStreamsDifferForAllFourDigitPINs(t *testing.T) {
	// Few iterations: what is tested is that the PIN matters, not how slowly.
	salt, half := make([]byte, 16), make([]byte, 32)
	seen := map[string]bool{}
	for n := range 2000 {
		pin := string([]byte{'0' + byte(n/1000), '0' + byte(n/100%10), '0' + byte(n/10%10), '0' + byte(n%10)})
		stream, err := pinStream(pin, salt, half, 1)
		if err != nil {
			t.Fatal(err)
		}
		seen[string(stream)] = true
	}
	if len(seen) != 2000 {
		t.Errorf("got %d streams, want 2000", len(seen))
	}
}

func TestThePINPathRefusesWhatWouldWeakenIt(t *testing.T) {
	secret, salt, half := make([]byte, 32), make([]byte, 16), make([]byte, 32)
	for name, row := range map[string]struct {
		secret     []byte
		pin        string
		salt, half []byte
		iterations int
	}{
		"no PIN":              {secret, "", salt, half, 0},
		"three digits":        {secret, "123", salt, half, 0},
		"thirteen digits":     {secret, "1234567890123", salt, half, 0},
		"letters":             {secret, "12a4", salt, half, 0},
		"full-width digits":   {secret, "１２３４", salt, half, 0},
		"a short secret":      {secret[:31], "1234", salt, half, 0},
		"a short salt":        {secret, "1234", salt[:15], half, 0},
		"no half":             {secret, "1234", salt, nil, 0},
		"few iterations":      {secret, "1234", salt, half, PINIterations - 1},
		"absurd iterations":   {secret, "1234", salt, half, MaxPINIterations + 1},
		"negative iterations": {secret, "1234", salt, half, -1},
	} {
		if _, err := SealPIN(row.secret, row.pin, row.salt, row.half, row.iterations); err == nil {
			t.Errorf("%s: got no error", name)
		}
	}
}
