// Package blocklist knows passwords that have appeared in leaks, and answers one question about them.
//
// It owns the list, how it is stored, and how a password is folded before it is looked up. It leaves to
// package password what to do with the answer.
//
// The list is "10-million-password-list-top-1000000" of Daniel Miessler's SecLists, MIT licence: the
// million most frequent of the ten million passwords that Mark Burnett gathered from public leaks and
// released into the public domain in 2015. The file NOTICE holds the licence text and how the list came
// here. Passwords under 8 characters are left out, since no policy of nod accepts them anyway; more than
// 400,000 remain, many times the number of guesses that the throttling of a login ever allows, which is
// the size that NIST SP 800-63B-4, section 3.1.1.2, asks for.
//
// Stored are not the passwords but the first five bytes of the SHA-256 of each, sorted, one after the
// other. The binary carries them as a string in its read-only data: nothing is read, copied or allocated
// at start, and a look-up touches a handful of memory pages. A password that is on no list is refused by
// accident with a probability of [Count] / 2^40, less than one in two million; then its owner picks
// another. One that is on the list is always found.
package blocklist

import (
	"crypto/sha256"
	_ "embed"
	"strings"

	"golang.org/x/text/unicode/norm"
)

// To renew the list, put the word files where the command can read them, most frequent first or in any
// order, one password a line, and name them here or on the command line.
//go:generate go run ./gen -out passwords.bin -go count.go top-1000000.txt

// MinLength is the length in code points under which passwords were left out of the list.
const MinLength = 8

// EntrySize is the number of bytes kept of each password's SHA-256.
const EntrySize = 5

//go:embed passwords.bin
var entries string

// Contains says whether the password is on the list, whatever its case. It allocates nothing that lasts.
func Contains(password string) bool {
	return find(entries, Key(password))
}

// Fold brings passwords that differ only in case or in compatible spelling (Unicode NFKC: full-width
// letters, ligatures) to one form. It is for comparing only: what is hashed for storage keeps its case.
func Fold(password string) string {
	return norm.NFKC.String(strings.ToLower(norm.NFKC.String(password)))
}

// Key is the entry that stands for a password in the list: the first [EntrySize] bytes of the SHA-256 of
// its folded form, read as a big-endian number.
func Key(password string) uint64 {
	sum := sha256.Sum256([]byte(Fold(password)))
	return number(string(sum[:EntrySize]))
}
