package config

import (
	"regexp"
	"slices"
	"strings"

	"github.com/spf13/pflag"
)

// given is the text of a setting and where it stands.
type given struct{ text, origin string }

// source is what one place says, by the names of settings.
type source map[string]given

// fileFlag names the YAML file. It is no setting: a file cannot name another one.
const fileFlag = "config"

// Bind adds a flag for each setting of `nod serve`, and --config.
func Bind(flags *pflag.FlagSet) { bind(flags, new(Config).settings()) }

// BindPlace adds the flags that say where an installation keeps its data.
func BindPlace(flags *pflag.FlagSet) { bind(flags, new(Place).settings()) }

func bind(flags *pflag.FlagSet, settings []setting) {
	flags.String(fileFlag, "", "YAML `file` with the same settings (NOD_CONFIG)")
	for _, s := range settings {
		f := flags.VarPF(&textFlag{text: s.initial, value: s.value, list: s.value.many()}, s.flag(), "", s.help)
		if s.initial == "true" || s.initial == "false" {
			f.NoOptDefVal = "true"
		}
	}
}

// textFlag keeps what a flag says; it is read together with the other sources.
type textFlag struct {
	text  string
	value value
	list  bool // each use adds to it
	used  bool
}

// String returns the text.
func (f *textFlag) String() string { return f.text }

// Type is what help calls the value.
func (f *textFlag) Type() string { return f.value.kind }

// Set keeps the text of one use.
func (f *textFlag) Set(text string) error {
	if f.list && f.used {
		text = f.text + "," + text
	}
	f.text, f.used = text, true
	return nil
}

func fromFlags(flags *pflag.FlagSet, settings []setting) source {
	s := source{}
	for _, set := range settings {
		if f := flags.Lookup(set.flag()); f != nil && f.Changed {
			s[set.name] = given{f.Value.String(), "flag --" + f.Name}
		}
	}
	return s
}

// foreign are variables that begin like ours and are not: those that Kubernetes
// gives every container about a service called nod, and those of the tests.
var foreign = regexp.MustCompile(`^NOD_(SERVICE|PORT|TEST)(_|$)`)

// fromEnvironment reads NOD_… variables. An empty one counts as not set.
func fromEnvironment(environ []string, settings []setting) (source, []error) {
	byName := map[string]string{}
	names := []string{"NOD_" + strings.ToUpper(fileFlag)}
	for _, set := range settings {
		byName[set.environment()] = set.name
		names = append(names, set.environment())
	}
	s := source{}
	var errs []error
	for _, pair := range environ {
		variable, text, _ := strings.Cut(pair, "=")
		name := byName[variable]
		switch {
		case !strings.HasPrefix(variable, "NOD_") || text == "" || foreign.MatchString(variable):
		case name != "":
			s[name] = given{text, "environment " + variable}
		case !slices.Contains(names, variable):
			errs = append(errs, unknown("environment", variable, names))
		}
	}
	return s, errs
}

// fileName finds the YAML file in the flags or the environment.
func fileName(flags *pflag.FlagSet, environ []string) string {
	if f := flags.Lookup(fileFlag); f != nil && f.Changed {
		return f.Value.String()
	}
	for _, pair := range environ {
		if name, ok := strings.CutPrefix(pair, "NOD_"+strings.ToUpper(fileFlag)+"="); ok {
			return name
		}
	}
	return ""
}
