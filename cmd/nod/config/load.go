package config

import (
	"errors"
	"maps"
	"path/filepath"
	"slices"

	"github.com/spf13/pflag"
	"go.yaml.in/yaml/v3"

	"github.com/nod-idp/nod/internal/disk"
	"github.com/nod-idp/nod/mfa"
)

// Load reads the settings of `nod serve` from the flags that Bind added, from the
// environment (as os.Environ gives it) and from the file that they name. The error
// tells of everything that is wrong, not only of the first.
func Load(flags *pflag.FlagSet, environ []string) (Config, error) {
	var c Config
	settings := c.settings()
	said, policy, errs := read(flags, environ, settings)
	errs = append(errs, apply(settings, said)...)
	var ruleErrs []error
	c.policy, ruleErrs = rules(fileName(flags, environ), policy)
	errs = append(errs, ruleErrs...)
	if len(errs) == 0 {
		errs = c.check(said)
	}
	if len(errs) > 0 {
		return Config{}, errors.Join(errs...)
	}
	c.named = named(said)
	c.rows = rows(settings, said)
	return c, nil
}

// LoadForVerb reads what verbs beside serve need: the place of the data, and the rule
// for new passwords. Everything else in file and environment is left to serve, and
// is zero in the result.
func LoadForVerb(flags *pflag.FlagSet, environ []string) (Config, error) {
	said, _, errs := read(flags, environ, new(Config).settings())
	var c Config
	var needed []setting
	for _, s := range c.settings() {
		switch s.name {
		case "data", "database", "sealing_key_file", "allow_network_disk", "min_password_length":
			needed = append(needed, s)
		}
	}
	errs = append(errs, apply(needed, said)...)
	if len(errs) == 0 {
		c.checkDisk(disk.Look, refusing(&errs, said))
	}
	if len(errs) > 0 {
		return Config{}, errors.Join(errs...)
	}
	c.named = named(said)
	return c, nil
}

// LoadPolicy reads what the administrator decided about second factors, for verbs that
// explain it.
func LoadPolicy(flags *pflag.FlagSet, environ []string) (mfa.Policy, error) {
	var c Config
	said, policy, errs := read(flags, environ, c.settings())
	var needed []setting
	for _, s := range c.settings() {
		if slices.Contains([]string{"match_digits", "refuse_software_devices", "enrol_at_first_login"}, s.name) {
			needed = append(needed, s)
		}
	}
	errs = append(errs, apply(needed, said)...)
	var ruleErrs []error
	c.policy, ruleErrs = rules(fileName(flags, environ), policy)
	return c.MFA(), errors.Join(append(errs, ruleErrs...)...)
}

// read puts the sources together: what a flag says counts before the environment,
// and that before the file.
func read(flags *pflag.FlagSet, environ []string, settings []setting) (source, *yaml.Node, []error) {
	said, policy, errs := fromFile(fileName(flags, environ), settings)
	if said == nil {
		said = source{}
	}
	if _, ok := said["sealing_key_file"]; !ok {
		maps.Copy(said, fromCredentials(environ))
	}
	fromEnv, envErrs := fromEnvironment(environ, settings)
	maps.Copy(said, fromEnv)
	maps.Copy(said, fromFlags(flags, settings))
	return said, policy, append(errs, envErrs...)
}

// apply parses every setting into its field.
func apply(settings []setting, said source) (errs []error) {
	for _, s := range settings {
		text, origin := s.initial, "default"
		if g, ok := said[s.name]; ok {
			text, origin = g.text, g.origin
		}
		if s.value.parse(text) {
			continue
		}
		errs = append(errs, &Refusal{Origin: origin, Name: s.name, Value: masked(s.name, text), Allowed: s.value.allowed})
	}
	return errs
}

func rows(settings []setting, said source) []Row {
	var rows []Row
	for _, s := range settings {
		origin := "default"
		if g, ok := said[s.name]; ok {
			origin = g.origin
		}
		rows = append(rows, Row{s.name, s.value.show(), origin})
	}
	return rows
}

func named(said source) bool {
	return said["data"].origin != "" || said["database"].origin != ""
}

// Named reports whether somebody said where the data is. Verbs that were told
// nothing must not begin an installation in whatever folder they run.
func (p Place) Named() bool { return p.named }

// KeyFile is where the sealing key lies.
func (p Place) KeyFile() string {
	if p.SealingKeyFile != "" {
		return p.SealingKeyFile
	}
	return filepath.Join(p.Data, "sealing.key")
}

// DatabaseAddress is what the database is opened by.
func (p Place) DatabaseAddress() string {
	if p.Database != "" {
		return p.Database
	}
	return filepath.Join(p.Data, "nod.db")
}
