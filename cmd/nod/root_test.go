package main

import (
	"strings"
	"testing"

	"github.com/spf13/cobra"
)

func TestACommandLineThatIsNotUnderstoodEndsWith2(t *testing.T) {
	s := newTerminal(t)
	for _, row := range []struct{ line, says string }{
		{"usr", `"usr" is not a command of "nod"; did you mean user?`},
		{"user ad alice", `"ad" is not a command of "nod user"; did you mean add?`},
		{"config chek", "did you mean check?"},
		{"device aprove", "did you mean approve?"},
		{"user add", "NAME is missing"},
		{"user add alice bob", `one argument too many: "bob"`},
		{"user list alice", `one argument too many: "alice"`},
		{"audit verfy", `one argument too many: "verfy"`},
		{"user add alice --pasword-stdin", "unknown flag: --pasword-stdin"},
		{"user add alice --password-stdin --generate", "exclude each other"},
		{"user add alice --claim colour", `"colour" is not KEY=VALUE`},
		{"user add alice --claim name=A --name B", "said twice"},
		{"user list --limit many", "--limit"},
		{"client add x --redirect-uri https://x.example/cb --public --auth-method client_secret_post", "exclude each other"},
		{"client add x --redirect-uri https://x.example/cb --refresh-rotation maybe", "allowed is on or off"},
		{"serve extra", "extra"},
		{"device list", "store"},
	} {
		s.types("", strings.Fields(row.line)...).fails(statusUsage, row.says, "--help")
	}
}

func TestACommandByItselfShowsItsHelp(t *testing.T) {
	s := newTerminal(t)
	for _, line := range []string{"", "user", "client", "group", "config", "device"} {
		if r := s.types("", strings.Fields(line)...).ok(); !strings.Contains(r.stdout, "Available Commands:") {
			t.Errorf("nod %s: got %q", line, r.stdout)
		}
	}
}

func TestEveryVerbOfTheAdministratorIsExplainedWithAnExample(t *testing.T) {
	var walk func(cmd *cobra.Command)
	walk = func(cmd *cobra.Command) {
		if cmd.Short == "" || strings.HasSuffix(cmd.Short, ".") {
			t.Errorf("%s: got the short help %q", cmd.CommandPath(), cmd.Short)
		}
		if !cmd.HasSubCommands() && (!strings.Contains(cmd.Example, cmd.CommandPath()) || cmd.Args == nil) {
			t.Errorf("%s: got the example %q, or arguments that nobody checks", cmd.CommandPath(), cmd.Example)
		}
		for _, sub := range cmd.Commands() {
			walk(sub)
		}
	}
	for _, cmd := range newRootCommand().Commands() {
		if cmd.Name() != "device" { // its owner is the person with the phone
			walk(cmd)
		}
	}
}

func TestWithoutAnInstallationNothingIsBegunBySurprise(t *testing.T) {
	s := newTerminal(t)
	s.types("", "user", "list").fails(statusFailure, "there is no nod installation here", "--data DIR")
	s.types("", "client", "remove", "mail", "--yes").fails(statusFailure, "there is no nod installation here")
	t.Setenv("NOD_DATA", "")
	t.Chdir(t.TempDir())
	s.types("", "user", "add", "alice").fails(statusFailure, "no nod-data/nod.db", "NOD_DATA")
}
