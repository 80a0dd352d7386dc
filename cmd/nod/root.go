package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// Exit statuses.
const (
	statusOK      = 0
	statusFailure = 1 // it was understood and did not work
	statusUsage   = 2 // it was not understood
)

// newRootCommand builds the tree of all commands.
func newRootCommand() *cobra.Command {
	root := &cobra.Command{
		Use:   "nod",
		Short: "An OpenID Connect provider whose sign-in asks your own phone",
		Long: `nod is an OpenID Connect provider whose sign-in asks your own phone.

Every command works on the data directory named by --data or NOD_DATA, also while
"nod serve" runs on it, or on the database named by --database or NOD_DATABASE.`,
		Example: `  nod demo
  nod serve --data ./data --public-url http://localhost:8080
  nod user add alice --data ./data --email alice@example.com --password-stdin
  nod client add mail --data ./data --name "Contoso Mail" --redirect-uri https://mail.example.com/callback`,
		SilenceErrors:     true,
		SilenceUsage:      true,
		CompletionOptions: cobra.CompletionOptions{HiddenDefaultCmd: true},
	}
	root.AddCommand(
		newServeCommand(), newDemoCommand(), newDeviceCommand(),
		newUserCommand(), newGroupCommand(), newClientCommand(), newEntraCommand(), newApplyCommand(), newKeysCommand(),
		newPolicyCommand(), newAuditCommand(), newConfigCommand(), newOutboxCommand(), newMailCommand(), newVersionCommand(),
		newBackupCommand(), newRestoreCommand(),
		newDatabaseCommand(),
	)
	asParent(root)
	for _, cmd := range root.Commands() {
		if cmd.HasSubCommands() && !cmd.Runnable() {
			asParent(cmd)
		}
	}
	return root
}

// usageError is a command line that cannot be understood.
type usageError struct{ error }

func (e usageError) Unwrap() error { return e.error }

func misused(format string, args ...any) error { return usageError{fmt.Errorf(format, args...)} }

// run executes the command line, tells of a failure and returns the exit status.
func run(ctx context.Context, root *cobra.Command, args []string) int {
	// Whatever fails before a command begins to run is a matter of usage: unknown
	// commands and flags, missing arguments.
	begun := false
	root.PersistentPreRunE = func(cmd *cobra.Command, _ []string) error {
		if err := cmd.ValidateRequiredFlags(); err != nil {
			return err
		}
		if err := cmd.ValidateFlagGroups(); err != nil {
			return err
		}
		begun = true
		return nil
	}
	root.SetArgs(args)
	cmd, err := root.ExecuteContextC(ctx)
	if err == nil {
		return statusOK
	}
	var usage usageError
	if errors.As(err, &usage) || !begun {
		fmt.Fprintf(cmd.ErrOrStderr(), "nod: %v\n     Run %q for help.\n", err, cmd.CommandPath()+" --help")
		return statusUsage
	}
	fmt.Fprintf(cmd.ErrOrStderr(), "nod: %s\n", strings.ReplaceAll(err.Error(), "\n", "\n     "))
	if next := advice(err); next != "" {
		fmt.Fprintf(cmd.ErrOrStderr(), "     %s\n", strings.ReplaceAll(next, "\n", "\n     "))
	}
	return statusFailure
}

// asParent makes a command that only holds others: by itself it shows its help, and
// a word that is none of its commands is an error.
func asParent(parent *cobra.Command) {
	parent.Args = func(cmd *cobra.Command, args []string) error {
		if len(args) == 0 {
			return pflag.ErrHelp
		}
		text := fmt.Sprintf("%q is not a command of %q", args[0], cmd.CommandPath())
		if near := cmd.SuggestionsFor(args[0]); len(near) > 0 {
			text += "; did you mean " + strings.Join(near, " or ") + "?"
		}
		return misused("%s", text)
	}
	parent.SuggestionsMinimumDistance = 2
	parent.RunE = func(*cobra.Command, []string) error { return pflag.ErrHelp }
}

// arguments demands these arguments, no more and no fewer.
func arguments(names ...string) cobra.PositionalArgs {
	return func(_ *cobra.Command, args []string) error {
		switch {
		case len(args) < len(names):
			return misused("%s is missing", strings.Join(names[len(args):], " and "))
		case len(args) > len(names):
			return misused("there is one argument too many: %q", args[len(names)])
		}
		return nil
	}
}
