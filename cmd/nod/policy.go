package main

import (
	"fmt"
	"io"
	"net/netip"
	"os"

	"github.com/spf13/cobra"

	"github.com/nod-idp/nod/cmd/nod/config"
	"github.com/nod-idp/nod/mfa"
)

func newPolicyCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:     "policy",
		Short:   "Look at what people have to prove",
		Example: "  nod policy explain --user alice --client mail --ip 203.0.113.9",
	}
	cmd.AddCommand(newPolicyExplainCommand())
	return bindPlace(cmd)
}

func newPolicyExplainCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "explain",
		Short: "Say what somebody would have to prove, and which rule says so",
		Long: `Say what a person would have to prove who signs in to an application from an address,
and which rule of the policy, setting or registration decides each part. Nothing is
changed and nobody is asked.

The rules are those that "nod apply" put into the database. Where it put none there they
stand under "policy" in the YAML file that --config or NOD_CONFIG names, the same that
"nod serve" reads; a change of it counts once the server was sent SIGHUP or started anew.`,
		Example: `  nod policy explain --user alice --client mail --ip 203.0.113.9
  nod policy explain --user alice --client mail --acr phr --json`,
		Args: arguments(),
		RunE: onInstallation(mustExist, explainPolicy),
	}
	cmd.Flags().String("user", "", "the `NAME` of the person")
	cmd.Flags().String("client", "", "the `ID` of the application")
	cmd.Flags().String("ip", "", "the `ADDRESS` that the browser would have")
	cmd.Flags().StringSlice("acr", nil, "authentication context classes that the application would request")
	for _, name := range []string{"user", "client"} {
		if err := cmd.MarkFlagRequired(name); err != nil {
			panic(err) // the flag was added above
		}
	}
	return bindJSON(cmd)
}

// policyView is an explanation as --json shows it.
type policyView struct {
	User          string       `json:"user"`
	Client        string       `json:"client"`
	SecondFactor  bool         `json:"second_factor"`
	Methods       []mfa.Method `json:"methods"`
	MatchDigits   int          `json:"match_digits"`
	Verified      bool         `json:"verified"`
	Session       string       `json:"session,omitempty"`
	Remember      string       `json:"remember,omitempty"`
	WithoutDevice string       `json:"without_device"`
	Reasons       []mfa.Reason `json:"reasons"`
}

func explainPolicy(v *verb) error {
	policy, err := config.LoadPolicy(v.cmd.Flags(), os.Environ())
	if err != nil {
		return err
	}
	if applied, there, err := v.appliedRules(); err != nil {
		return err
	} else if there {
		policy.Rules = applied
	}
	f, err := v.facts()
	if err != nil {
		return err
	}
	d := policy.Decide(f)
	view := policyView{
		User: f.User, Client: f.Client, SecondFactor: d.Factor, MatchDigits: d.MatchDigits, Verified: d.Verified, Methods: []mfa.Method{},
		WithoutDevice: string(d.Terms.WithoutDevice), Reasons: d.Terms.Reasons,
	}
	for _, m := range mfa.Methods() {
		if d.Factor && d.Allows(m) {
			view.Methods = append(view.Methods, m)
		}
	}
	if d.Terms.Session > 0 {
		view.Session = config.Words(d.Terms.Session)
	}
	if d.Terms.Remember > 0 {
		view.Remember = config.Words(d.Terms.Remember)
	}
	return v.show(view, func(w io.Writer) {
		var rows [][]string
		for _, r := range d.Terms.Reasons {
			rows = append(rows, []string{r.Setting, r.Value, r.By})
		}
		if d.Factor {
			fmt.Fprintf(w, "%s signs in to %s with the password and one of: %s.\n\n", plain(f.User), plain(f.Client), joined(view.Methods))
		} else {
			fmt.Fprintf(w, "%s signs in to %s with the password alone.\n\n", plain(f.User), plain(f.Client))
		}
		table(w, []string{"setting", "value", "decided by"}, rows)
	})
}

// facts are what the flags say, and what the database knows about it.
func (v *verb) facts() (f mfa.Facts, err error) {
	u, err := v.user(v.text("user"))
	if err != nil {
		return f, err
	}
	c, err := v.client(v.text("client"))
	if err != nil {
		return f, err
	}
	f = mfa.Facts{Client: c.ID, ClientFactor: mfa.SecondFactor(c.SecondFactor), User: u.Name}
	if f.Groups, err = v.Users.GroupsOf(v.ctx, u.ID); err != nil {
		return f, err
	}
	if text := v.text("ip"); text != "" {
		if f.IP, err = netip.ParseAddr(text); err != nil {
			return f, misused("--ip %q is not an address, such as 203.0.113.9", text)
		}
	}
	f.ACR, err = v.cmd.Flags().GetStringSlice("acr")
	return f, err
}
