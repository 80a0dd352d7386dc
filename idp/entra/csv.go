package entra

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"
)

// maxAccounts bounds a list of accounts.
const maxAccounts = 100_000

// Account is one line of a list of accounts.
type Account struct {
	Line  int
	OID   string
	UPN   string // userPrincipalName
	Mail  string
	Name  string // displayName
	Given string
	Last  string
	User  string // the person's name here, where the list says so
}

// columns are the names of the columns that are looked at, without blanks and in lower
// case: Entra has called them differently over the years.
var columns = map[string]func(*Account) *string{
	"id":                func(a *Account) *string { return &a.OID },
	"objectid":          func(a *Account) *string { return &a.OID },
	"oid":               func(a *Account) *string { return &a.OID },
	"userprincipalname": func(a *Account) *string { return &a.UPN },
	"mail":              func(a *Account) *string { return &a.Mail },
	"email":             func(a *Account) *string { return &a.Mail },
	"displayname":       func(a *Account) *string { return &a.Name },
	"givenname":         func(a *Account) *string { return &a.Given },
	"firstname":         func(a *Account) *string { return &a.Given },
	"surname":           func(a *Account) *string { return &a.Last },
	"lastname":          func(a *Account) *string { return &a.Last },
	"user":              func(a *Account) *string { return &a.User },
}

// ReadAccounts reads the list of users as Entra exports it: comma separated values whose
// first line names the columns. It needs the object id and the user principal name, or a
// column "user" that names people as they are called here; other columns are passed over.
// It returns everything that is wrong with the list at once, each fault with its line.
func ReadAccounts(r io.Reader) ([]Account, error) {
	lines := csv.NewReader(r)
	lines.FieldsPerRecord = -1
	heading, err := lines.Read()
	if err != nil {
		return nil, errors.New("the list has no first line that names the columns")
	}
	fields := readHeading(heading)
	if fields == nil {
		return nil, errors.New(`the first line does not name the columns "id" (or "objectId") and "userPrincipalName" (or "user"), each once`)
	}
	var all []Account
	var faults []error
	seen := map[string]int{}
	for {
		values, err := lines.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil { // the package's text tells the line
			return nil, errors.Join(append(faults, err)...)
		}
		line, _ := lines.FieldPos(0)
		a, fault := readAccount(values, fields, line)
		if first := seen[strings.ToLower(a.OID)]; fault == nil && first > 0 {
			fault = fmt.Errorf("the object id stands in line %d already", first)
		}
		if len(all) >= maxAccounts {
			return nil, errors.Join(append(faults, fmt.Errorf("line %d: the list is longer than %d accounts", line, maxAccounts))...)
		}
		if fault != nil {
			faults = append(faults, fmt.Errorf("line %d: %w", line, fault))
			continue
		}
		seen[strings.ToLower(a.OID)] = line
		all = append(all, a)
	}
	if len(faults) == 0 && len(all) == 0 {
		faults = append(faults, errors.New("the list holds no account"))
	}
	if len(faults) > 0 {
		return nil, errors.Join(faults...)
	}
	return all, nil
}

// readHeading says where each column goes, nil if what is needed is missing or there
// twice. A mark at the beginning of the file is no part of the first name.
func readHeading(heading []string) []func(*Account) *string {
	fields := make([]func(*Account) *string, len(heading))
	probe := Account{}
	targets := map[*string]bool{}
	for i, name := range heading {
		name = strings.TrimPrefix(name, "\uFEFF")
		field := columns[strings.ToLower(strings.ReplaceAll(strings.TrimSpace(name), " ", ""))]
		if field == nil {
			continue
		}
		if targets[field(&probe)] {
			return nil
		}
		targets[field(&probe)], fields[i] = true, field
	}
	if !targets[&probe.OID] || !targets[&probe.UPN] && !targets[&probe.User] {
		return nil
	}
	return fields
}

func readAccount(values []string, fields []func(*Account) *string, line int) (Account, error) {
	a := Account{Line: line}
	if len(values) != len(fields) {
		return a, fmt.Errorf("there are %d columns, and %d in the first line", len(values), len(fields))
	}
	for i, field := range fields {
		if field == nil {
			continue
		}
		if value := strings.TrimSpace(values[i]); utf8.ValidString(value) {
			*field(&a) = value
		} else {
			return a, errors.New("it holds bytes that are no text in UTF-8")
		}
	}
	switch {
	case a.OID == "":
		return a, errors.New("the object id is missing")
	case a.UPN == "" && a.User == "":
		return a, errors.New("it does not say whose account it is")
	}
	return a, nil
}
