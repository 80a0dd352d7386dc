package config

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// fromFile reads a YAML file: one mapping of settings to values, and the policy.
func fromFile(path string, settings []setting) (source, *yaml.Node, []error) {
	if path == "" {
		return source{}, nil, nil
	}
	content, err := os.ReadFile(path)
	if err != nil {
		return nil, nil, []error{fmt.Errorf("read configuration: %w", err)}
	}
	decoder := yaml.NewDecoder(bytes.NewReader(content))
	var doc, second yaml.Node
	if err := decoder.Decode(&doc); errors.Is(err, io.EOF) {
		return source{}, nil, nil
	} else if err != nil {
		return nil, nil, []error{fmt.Errorf("%s: %w", path, err)}
	}
	if err := decoder.Decode(&second); !errors.Is(err, io.EOF) {
		return nil, nil, []error{fmt.Errorf("%s: there is more than one document in it", path)}
	}
	root := doc.Content[0]
	policy := cut(root, policyName)
	s, errs := fromMapping(path, root, settings)
	return s, policy, errs
}

// cut takes a key out of a mapping and returns its value, nil if it is not there.
func cut(root *yaml.Node, name string) *yaml.Node {
	for i := 0; root.Kind == yaml.MappingNode && i+1 < len(root.Content); i += 2 {
		if value := root.Content[i+1]; root.Content[i].Value == name {
			root.Content = slices.Delete(root.Content, i, i+2)
			return value
		}
	}
	return nil
}

func fromMapping(path string, root *yaml.Node, settings []setting) (source, []error) {
	at := func(n *yaml.Node) string { return fmt.Sprintf("%s:%d", path, n.Line) }
	if root.Kind != yaml.MappingNode {
		return nil, []error{fmt.Errorf("%s: this is not a list of settings such as \"listen: 127.0.0.1:8080\"", at(root))}
	}
	var names []string
	allowed := map[string]string{}
	for _, set := range settings {
		names = append(names, set.name)
		allowed[set.name] = set.value.allowed
	}
	s := source{}
	var errs []error
	for i := 0; i+1 < len(root.Content); i += 2 {
		key, value := root.Content[i], root.Content[i+1]
		name := key.Value
		text, plain := plainText(value)
		switch {
		case key.Kind != yaml.ScalarNode || allowed[name] == "":
			errs = append(errs, unknown(at(key), name, names))
		case s[name].origin != "":
			errs = append(errs, fmt.Errorf("%s: %s stands here a second time; it was set at %s", at(key), name, s[name].origin))
		case !plain:
			errs = append(errs, &Refusal{Origin: at(value), Name: name, Value: describe(value), Allowed: allowed[name]})
		default:
			s[name] = given{text, at(key)}
		}
	}
	return s, errs
}

// plainText takes a scalar, or a list of scalars for settings that hold several.
func plainText(n *yaml.Node) (string, bool) {
	switch n.Kind {
	case yaml.ScalarNode:
		return n.Value, n.Tag != "!!null" && n.Tag != "!!binary"
	case yaml.SequenceNode:
		var texts []string
		for _, item := range n.Content {
			if item.Kind != yaml.ScalarNode || strings.Contains(item.Value, ",") {
				return "", false
			}
			texts = append(texts, item.Value)
		}
		return strings.Join(texts, ","), true
	}
	return "", false
}

// describe says what stands where a plain value should.
func describe(n *yaml.Node) string {
	switch n.Kind {
	case yaml.MappingNode:
		return "a mapping"
	case yaml.SequenceNode:
		return "a list"
	case yaml.AliasNode:
		return "an alias"
	}
	return n.Value
}
