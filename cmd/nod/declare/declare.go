// Package declare reads a file that says which clients there are to be, and by which rules
// people sign in to them. It owns the names of the settings in it, which are those that
// `nod client show --json` prints, and errors that name the line. What is allowed is known by
// idp/client, the words of the rules by cmd/nod/config, and what becomes of it is left to the
// command.
package declare

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"

	"go.yaml.in/yaml/v3"

	"github.com/nod-idp/nod/cmd/nod/config"
	"github.com/nod-idp/nod/idp/client"
	"github.com/nod-idp/nod/mfa"
)

// File is what such a file says.
type File struct {
	Clients []client.New
	Lists   bool    // it has a list of clients, be it empty
	Policy  *Policy // nil if it says nothing of rules

	name  string
	lines map[string]map[string]int // by client and setting; "" is where the client begins
}

// Policy is what a file says of the rules.
type Policy struct {
	Gone  bool       // policy is null: each node is to go by its own configuration
	Text  string     // the list as it is written, with its comments
	Rules []mfa.Rule // what it means
}

// Most bytes that are read.
const Most = 4 << 20

// Parse reads a file. name stands in errors, which tell of everything that is wrong.
func Parse(name string, content []byte) (*File, error) {
	f := &File{name: name, lines: map[string]map[string]int{}}
	if len(content) > Most {
		return nil, fmt.Errorf("%s: it is longer than %d bytes", name, Most)
	}
	decoder := yaml.NewDecoder(bytes.NewReader(content))
	var doc, second yaml.Node
	if err := decoder.Decode(&doc); errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("%s: it is empty; %q means no clients", name, "clients: []")
	} else if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	if err := decoder.Decode(&second); !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("%s: there is more than one document in it", name)
	}
	return f, errors.Join(f.root(doc.Content[0])...)
}

// root reads the one mapping that a file is.
func (f *File) root(n *yaml.Node) (errs []error) {
	if n.Kind != yaml.MappingNode || len(n.Content) == 0 {
		return []error{f.at(n, "this is not a mapping with the keys clients and policy")}
	}
	seen := map[string]bool{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, value := n.Content[i], n.Content[i+1]
		switch {
		case key.Value != "clients" && key.Value != "policy":
			errs = append(errs, f.at(key, "%q is not known here; there are clients and policy", key.Value))
		case seen[key.Value]:
			errs = append(errs, f.at(key, "%s stands here a second time", key.Value))
		case key.Value == "policy":
			errs = append(errs, f.policy(value)...)
		case value.Kind != yaml.SequenceNode:
			errs = append(errs, f.at(value, "clients is a list"))
		default:
			f.Lists = true
			for _, entry := range value.Content {
				errs = append(errs, f.client(entry)...)
			}
		}
		seen[key.Value] = true
	}
	return errs
}

// policy reads the list of rules.
func (f *File) policy(n *yaml.Node) []error {
	if n.Tag == "!!null" {
		f.Policy = &Policy{Gone: true}
		return nil
	}
	all, err := config.Rules(f.name, n)
	if err != nil {
		return []error{err}
	}
	text, err := yaml.Marshal(n)
	if err != nil {
		return []error{f.at(n, "%v", err)}
	}
	f.Policy = &Policy{Text: string(text), Rules: all}
	return nil
}

// client reads one entry of the list.
func (f *File) client(n *yaml.Node) (errs []error) {
	if n.Kind != yaml.MappingNode {
		return []error{f.at(n, "a client is a mapping that begins with client_id")}
	}
	var c client.New
	lines := map[string]int{"": n.Line}
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, value := n.Content[i], n.Content[i+1]
		set, known := settings[key.Value]
		switch {
		case !known:
			errs = append(errs, f.at(key, "%q is not a setting of a client%s", key.Value, meant(key.Value)))
			continue
		case lines[key.Value] != 0:
			errs = append(errs, f.at(key, "%s stands here a second time; it was set at line %d", key.Value, lines[key.Value]))
			continue
		}
		lines[key.Value] = key.Line
		if err := set(&c, value); err != nil {
			errs = append(errs, f.at(value, "%s: %v", key.Value, err))
		}
	}
	switch {
	case c.ID == "":
		return append(errs, f.at(n, "this client has no client_id"))
	case f.lines[c.ID] != nil:
		return append(errs, f.at(n, "the client %s stands here a second time; it began at line %d", c.ID, f.lines[c.ID][""]))
	}
	f.lines[c.ID] = lines
	f.Clients = append(f.Clients, c)
	return errs
}

func (f *File) at(n *yaml.Node, format string, args ...any) error {
	return fmt.Errorf("%s:%d: %s", f.name, n.Line, fmt.Sprintf(format, args...))
}

// Locate puts the line into an error about one of the clients.
func (f *File) Locate(err error) error {
	var wanted *client.WantedError
	if !errors.As(err, &wanted) {
		return err
	}
	lines := f.lines[wanted.ID]
	line := lines[""]
	var invalid *client.InvalidError
	if errors.As(err, &invalid) {
		name := invalid.Field
		if known, ok := otherNames[name]; ok {
			name = known
		}
		if lines[name] != 0 {
			line = lines[name]
		}
	}
	return fmt.Errorf("%s:%d: %w", f.name, line, wanted)
}

// meant guesses which setting was meant.
func meant(name string) string {
	for known, says := range flagsInstead {
		if name == known {
			return "; it is called " + says
		}
	}
	if slices.Contains([]string{"client_secret", "secret", "secrets"}, name) {
		return ": nod makes the secrets and prints each one once"
	}
	return ""
}
