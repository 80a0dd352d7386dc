package password

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/nod-idp/nod/idp/password/blocklist"
)

// minWord is the length in code points under which a context word is ignored: from words of one or two
// letters nearly anything could be put together.
const minWord = 3

// maxWords bounds the work for one check. A user has a handful of words; more than this is somebody
// else's data by mistake.
const maxWords = 64

// vocabulary is what an attacker would try first for one user: the context words, folded, letters only.
type vocabulary map[string]bool

// newVocabulary takes each context word both as a whole and in parts, so that "alice.smith@example.com"
// yields "alicesmithexamplecom", "alice", "smith", "example" and "com".
func newVocabulary(contextWords []string) vocabulary {
	v := vocabulary{"nod": true}
	for _, word := range contextWords {
		word = blocklist.Fold(word)
		v.add(word)
		for part := range strings.FieldsFuncSeq(word, func(r rune) bool { return !letter(r) }) {
			v.add(part)
		}
	}
	return v
}

// add puts the letters of a word in.
func (v vocabulary) add(word string) {
	word = lettersOf(word)
	if n := utf8.RuneCountInString(word); n >= minWord && n <= MaxLength && len(v) < maxWords {
		v[word] = true
	}
}

// makes says whether a folded password is built of nothing but these words, in any number and order, with
// digits, punctuation and spaces anywhere: "Alice2024!", "alice-alice", "nod.example.1". The password is
// looked at as a whole; a long phrase in which a name occurs is fine (NIST SP 800-63B-4, section 3.1.1.2).
func (v vocabulary) makes(folded string) bool {
	letters := lettersOf(folded)
	if letters == "" {
		return false
	}
	// reached[i]: the first i bytes are a sequence of words.
	reached := make([]bool, len(letters)+1)
	reached[0] = true
	for i := range len(letters) {
		if !reached[i] {
			continue
		}
		for word := range v {
			if strings.HasPrefix(letters[i:], word) {
				reached[i+len(word)] = true
			}
		}
	}
	return reached[len(letters)]
}

// lettersOf drops everything but letters and the marks that belong to them.
func lettersOf(s string) string {
	return strings.Map(func(r rune) rune {
		if letter(r) {
			return r
		}
		return -1
	}, s)
}

func letter(r rune) bool { return unicode.IsLetter(r) || unicode.IsMark(r) }
