package main

import (
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/nod-idp/nod/cmd/nod/declare"
	"github.com/nod-idp/nod/idp/client"
	"github.com/nod-idp/nod/idp/ruleset"
	"github.com/nod-idp/nod/internal/db"
)

func newApplyCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "apply FILE",
		Short: "Make the applications and the policy what a file says",
		Long: `Make the registered applications and the policy what a YAML file says, all of it or
nothing. Running servers follow within a second.

Under "clients", applications that are missing are added and those that differ are changed;
a setting that is left out has its default. Applications that the file does not name stay,
unless --prune is said. Under "policy" stand the rules for everybody on every node, in the
words of the configuration file, whose own rules do not count from then on; "policy: null"
leaves it to the configuration file again. What the file does not speak of stays.

The settings have the names that "nod client show --json" prints. Secrets never stand in
the file: one that is made is printed this once. FILE may be - for standard input.`,
		Example: `  nod apply clients.yaml --dry-run
  nod apply clients.yaml --json
  nod apply clients.yaml --prune --yes

  # clients.yaml
  policy:
    - groups: [admins]
      methods: [passkey]
  clients:
    - client_id: mail
      name: Contoso Mail
      redirect_uris: [https://mail.example.com/callback]
      backchannel_logout_uri: https://mail.example.com/logout`,
		Args: arguments("FILE"),
		RunE: onInstallation(mayBegin, applyFile),
	}
	cmd.Flags().Bool("dry-run", false, "only show the difference")
	cmd.Flags().Bool("prune", false, "remove the applications that the file does not name, for good")
	return bindPlace(bindJSON(bindYes(cmd)))
}

// appliedView is what --json shows.
type appliedView struct {
	DryRun  bool         `json:"dry_run"`
	Changes []changeView `json:"changes"`
	Policy  []string     `json:"policy"` // how its rules differ
}

type changeView struct {
	ID     string            `json:"client_id"`
	Change client.ChangeKind `json:"change"`
	Fields []fieldView       `json:"fields"`
	Secret string            `json:"client_secret,omitempty"` // set once, when it was made
}

type fieldView struct {
	Name   string `json:"name"`
	Before any    `json:"before"`
	After  any    `json:"after"`
}

func applyFile(v *verb) error {
	file, err := v.declared(v.args[0])
	if err != nil {
		return err
	}
	if v.on("prune") && !file.Lists {
		return misused("--prune needs a list of clients in the file; %q removes them all", "clients: []")
	}
	difference, err := v.policyDifference(file.Policy)
	if err != nil {
		return err
	}
	wanted := client.Wanted{Clients: file.Clients, Prune: v.on("prune")}
	plan, err := v.Clients.Plan(v.ctx, wanted)
	if err != nil {
		return file.Locate(err)
	}
	if v.on("dry-run") {
		return v.showApplied(plan, difference)
	}
	if loss := losses(plan); loss != "" {
		if err := v.certainly("%s", loss); err != nil {
			return err
		}
	}
	if len(difference) > 0 {
		wanted.Also = func(tx *db.Tx) error {
			return v.Rulesets.ReplaceTx(tx, ruleset.Applied{There: !file.Policy.Gone, Text: file.Policy.Text}, difference)
		}
	}
	changes, err := v.Clients.Apply(v.ctx, wanted)
	if err != nil {
		return file.Locate(err)
	}
	return v.showApplied(changes, difference)
}

// declared reads the file.
func (v *verb) declared(path string) (*declare.File, error) {
	from := v.cmd.InOrStdin()
	if path != "-" {
		file, err := os.Open(path)
		if err != nil {
			return nil, err
		}
		defer file.Close()
		from = file
	}
	content, err := io.ReadAll(io.LimitReader(from, declare.Most+1))
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", path, err)
	}
	return declare.Parse(path, content)
}

// losses says what no other verb brings back.
func losses(plan []client.Change) string {
	var all []string
	for _, c := range plan {
		switch {
		case c.Kind == client.Removed:
			all = append(all, "remove the client "+c.ID+" for good, with all its tokens")
		case c.Ends > 0:
			all = append(all, "end "+counted(c.Ends, "secret")+" of the client "+c.ID)
		}
	}
	return strings.Join(all, ", ")
}

func (v *verb) showApplied(changes []client.Change, policy []string) error {
	view := appliedView{DryRun: v.on("dry-run"), Changes: []changeView{}, Policy: append([]string{}, policy...)}
	for _, c := range changes {
		one := changeView{ID: c.ID, Change: c.Kind, Fields: []fieldView{}, Secret: c.Secret}
		for _, f := range c.Fields {
			one.Fields = append(one.Fields, fieldView{declare.Name(f.Name), f.Before, f.After})
		}
		view.Changes = append(view.Changes, one)
	}
	return v.show(view, view.write)
}

// write shows the difference to a person.
func (a appliedView) write(w io.Writer) {
	for _, c := range a.Changes {
		mark := map[client.ChangeKind]string{client.Added: "+", client.Changed: "~", client.Removed: "-"}[c.Change]
		fmt.Fprintf(w, "%s client %s\n", mark, c.ID)
		for _, f := range c.Fields {
			switch c.Change {
			case client.Added:
				fmt.Fprintf(w, "    %s: %s\n", f.Name, inOneLine(f.After))
			case client.Changed:
				fmt.Fprintf(w, "    %s: %s → %s\n", f.Name, inOneLine(f.Before), inOneLine(f.After))
			}
		}
		if c.Secret != "" {
			fmt.Fprintf(w, "    Client secret, shown this once: %s\n", c.Secret)
		}
	}
	if len(a.Policy) > 0 {
		fmt.Fprintln(w, "~ policy")
		for _, difference := range a.Policy {
			fmt.Fprintf(w, "    %s\n", plain(difference))
		}
	}
	var what []string
	if len(a.Changes) > 0 {
		what = append(what, counted(len(a.Changes), "client"))
	}
	if len(a.Policy) > 0 {
		what = append(what, "the policy")
	}
	switch changed := strings.Join(what, " and "); {
	case changed == "":
		fmt.Fprintln(w, "There is nothing to change.")
	case a.DryRun:
		fmt.Fprintf(w, "This would change %s. Nothing was changed.\n", changed)
	default:
		fmt.Fprintf(w, "Changed %s.\n", changed)
	}
}

// inOneLine writes one value of a setting.
func inOneLine(value any) string {
	text := fmt.Sprint(value)
	if text == "" {
		return `""`
	}
	return plain(text)
}
