package gcm

import "testing"

func TestFieldsReadsWhatWasWritten(t *testing.T) {
	message := encoder{}.number(1, 300).word(7, 1<<40).text(10, "a").text(10, "b")
	var number uint64
	var words string
	err := fields(message, func(field int, n uint64, text string) {
		switch field {
		case 1:
			number = n
		case 10:
			words += text
		}
	})
	if err != nil || number != 300 || words != "ab" {
		t.Errorf("read %d and %q, %v, want 300 and ab", number, words, err)
	}
}

func FuzzFields(f *testing.F) {
	f.Add([]byte(encoder{}.number(1, 300).word(7, 1).text(10, "a")))
	f.Add([]byte{0x52, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01})
	f.Fuzz(func(t *testing.T, message []byte) {
		read := 0
		if fields(message, func(_ int, _ uint64, text string) { read += len(text) }) == nil && read > len(message) {
			t.Errorf("read %d bytes of text from %d", read, len(message))
		}
	})
}
