package token

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
)

// maxLines bounds a list of hardware tokens.
const maxLines = 10_000

// ReadSeeds reads a maker's list of hardware tokens: serial, secret and, for tokens with
// a button, the counter, in lines of comma separated values. A first line that names the
// columns is passed over, and so are empty ones. It returns everything that is wrong with
// the list at once, each fault with its line and none with the secret.
func ReadSeeds(r io.Reader, kind Kind, digits int) ([]Seed, error) {
	lines := csv.NewReader(r)
	lines.FieldsPerRecord, lines.TrimLeadingSpace = -1, true
	var seeds []Seed
	var faults []error
	seen := map[string]int{}
	for n := 0; ; n++ {
		fields, err := lines.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil { // the package's text may hold nothing of the line but its number
			return nil, errors.Join(append(faults, err)...)
		}
		line, _ := lines.FieldPos(0)
		if n >= maxLines {
			return nil, errors.Join(append(faults, fmt.Errorf("line %d: the list is longer than %d tokens", line, maxLines))...)
		}
		if n == 0 && strings.EqualFold(strings.TrimSpace(fields[0]), "serial") {
			continue
		}
		seed, err := readSeed(fields, kind, digits)
		if first, twice := seen[seed.Name]; err == nil && twice {
			err = fmt.Errorf("the serial stands in line %d already", first)
		}
		if err != nil {
			faults = append(faults, fmt.Errorf("line %d: %w", line, err))
			continue
		}
		seen[seed.Name] = line
		seeds = append(seeds, seed)
	}
	if len(faults) == 0 && len(seeds) == 0 {
		faults = append(faults, errors.New("the list holds no token"))
	}
	if len(faults) > 0 {
		return nil, errors.Join(faults...)
	}
	return seeds, nil
}

func readSeed(fields []string, kind Kind, digits int) (Seed, error) {
	if len(fields) < 2 || len(fields) > 3 {
		return Seed{}, fmt.Errorf("there are %d columns; there have to be serial, secret and perhaps counter", len(fields))
	}
	secret, err := ParseSecret(fields[1])
	if err != nil {
		return Seed{}, err
	}
	seed := Seed{Kind: kind, Name: strings.TrimSpace(fields[0]), Secret: secret, Digits: digits}
	if len(fields) == 3 && strings.TrimSpace(fields[2]) != "" {
		if seed.Counter, err = strconv.ParseInt(strings.TrimSpace(fields[2]), 10, 64); err != nil {
			return Seed{}, errors.New("the counter is not a number")
		}
	}
	return seed, seed.Check()
}
