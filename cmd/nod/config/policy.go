package config

import (
	"bytes"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"

	"github.com/nod-idp/nod/mfa"
)

// policyName is the one key of the file that is no plain setting: a list of rules. It
// cannot be given by flag or environment.
const policyName = "policy"

// MFA is what the administrator decided about second factors.
func (c Config) MFA() mfa.Policy {
	p := mfa.Policy{MatchDigits: c.MatchDigits, RefuseSoftware: c.RefuseSoftwareDevices, Rules: c.policy}
	if c.EnrolAtFirstLogin {
		p.WithoutDevice = mfa.WithoutDeviceEnrol
	}
	return p
}

// rule is one entry of the list as it is written.
type rule struct {
	Name          string
	Clients       []string
	Users         []string
	Groups        []string
	Networks      []string
	NotNetworks   []string `yaml:"not_networks"`
	ACR           []string
	Factor        string
	Methods       []string
	MatchDigits   *int `yaml:"match_digits"`
	Verified      *bool
	Session       string
	Remember      string
	NextDevice    string `yaml:"next_device_after"`
	WithoutDevice string `yaml:"without_device"`
}

// ParseRules reads a list of rules by itself, as "nod apply" keeps it. name stands in errors,
// which tell of everything that is wrong.
func ParseRules(name, text string) ([]mfa.Rule, error) {
	var doc yaml.Node
	if err := yaml.Unmarshal([]byte(text), &doc); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	if len(doc.Content) == 0 {
		return nil, nil
	}
	return Rules(name, doc.Content[0])
}

// Rules reads the list that is a node of a file.
func Rules(path string, list *yaml.Node) ([]mfa.Rule, error) {
	all, errs := rules(path, list)
	return all, errors.Join(errs...)
}

// rules reads the list. Everything that is wrong is told, with its line.
func rules(path string, list *yaml.Node) (all []mfa.Rule, errs []error) {
	if list == nil {
		return nil, nil
	}
	if list.Kind != yaml.SequenceNode {
		return nil, []error{fmt.Errorf("%s:%d: %s is a list of rules", path, list.Line, policyName)}
	}
	for _, entry := range list.Content {
		refuse := func(name, value, allowed string) {
			errs = append(errs, &Refusal{Origin: fmt.Sprintf("%s:%d", path, entry.Line), Name: policyName + "." + name, Value: value, Allowed: allowed})
		}
		var r rule
		if err := strictly(entry, &r); err != nil {
			errs = append(errs, fmt.Errorf("%s: %s: %w", path, policyName, err))
			continue
		}
		all = append(all, r.parse(refuse))
	}
	return all, errs
}

// strictly decodes a node and refuses what it does not know.
func strictly(node *yaml.Node, into any) error {
	text, err := yaml.Marshal(node)
	if err != nil {
		return err
	}
	decoder := yaml.NewDecoder(bytes.NewReader(text))
	decoder.KnownFields(true)
	if err := decoder.Decode(into); err != nil {
		var typed *yaml.TypeError
		if errors.As(err, &typed) {
			return fmt.Errorf("the rule at line %d: %s", node.Line, strings.Join(typed.Errors, "; "))
		}
		return fmt.Errorf("the rule at line %d: %w", node.Line, err)
	}
	return nil
}

func (r rule) parse(refuse func(name, value, allowed string)) mfa.Rule {
	out := mfa.Rule{
		Name: r.Name, Clients: r.Clients, Users: r.Users, Groups: r.Groups, ACR: r.ACR, Verified: r.Verified, MatchDigits: r.MatchDigits,
		Networks: networks("networks", r.Networks, refuse), NotNetworks: networks("not_networks", r.NotNetworks, refuse),
		Factor: mfa.SecondFactor(r.Factor), WithoutDevice: mfa.WithoutDevice(r.WithoutDevice),
	}
	if !slices.Contains([]mfa.SecondFactor{"", mfa.Off, mfa.Push, mfa.PushNumber}, out.Factor) {
		refuse("factor", r.Factor, "off, push or push-number")
	}
	if !slices.Contains([]mfa.WithoutDevice{"", mfa.WithoutDeviceLink, mfa.WithoutDeviceEnrol, mfa.WithoutDeviceRefuse}, out.WithoutDevice) {
		refuse("without_device", r.WithoutDevice, "link, enrol or refuse")
	}
	if r.MatchDigits != nil && !slices.Contains([]int{0, 2, 6}, *r.MatchDigits) {
		refuse("match_digits", fmt.Sprint(*r.MatchDigits), "0, 2 or 6")
	}
	for _, word := range r.Methods {
		if !slices.Contains(mfa.Methods(), mfa.Method(word)) {
			refuse("methods", word, "push, passcode, passkey and recovery")
		}
		out.Methods = append(out.Methods, mfa.Method(word))
	}
	var err error
	if r.Session != "" {
		if out.Session, err = ParseDuration(r.Session); err != nil || out.Session <= 0 {
			refuse("session", r.Session, "a duration, such as 8h")
		}
	}
	if r.Remember != "" {
		if out.Remember, err = ParseDuration(r.Remember); err != nil || out.Remember <= 0 || out.Remember > 90*day {
			refuse("remember", r.Remember, "a duration of at most 90d")
		}
	}
	if r.NextDevice != "" {
		if out.NextDevice, err = ParseDuration(r.NextDevice); err != nil || out.NextDevice < 5*time.Second || out.NextDevice > 2*time.Minute {
			refuse("next_device_after", r.NextDevice, "a duration from 5s to 2m")
		}
	}
	return out
}

func networks(name string, texts []string, refuse func(name, value, allowed string)) (all []netip.Prefix) {
	for _, text := range texts {
		prefix, err := netip.ParsePrefix(text)
		if err != nil {
			addr, addrErr := netip.ParseAddr(text)
			if addrErr != nil {
				refuse(name, text, "addresses and networks, such as 10.0.0.0/8")
				continue
			}
			prefix = netip.PrefixFrom(addr, addr.BitLen())
		}
		all = append(all, prefix.Masked())
	}
	return all
}
