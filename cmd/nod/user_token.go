package main

import (
	"fmt"
	"io"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"github.com/nod-idp/nod/idp/user"
	typed "github.com/nod-idp/nod/mfa/token"
)

func newUserTokenCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "token NAME [list | add | resync ID CODE CODE | remove ID]",
		Short: "List, add, resynchronise or remove a person's authenticator apps and hardware tokens",
		Long: `List the authenticator apps and hardware tokens that a person types passcodes from, or
change them.

add makes one with a fresh secret, which is shown this once, or takes the secret that
--secret names, in hexadecimal digits or base32. --import FILE takes a maker's list, in
lines of serial,secret,counter: all of it or, with --serial, the one token that was
handed over. A list with a fault in it adds nothing, and each fault is told with its
line; --dry-run only looks.

resync brings a token with a button back into step, by two passcodes that it showed one
after the other. A removed token is gone for good.`,
		Example: `  nod user token alice
  nod user token alice add --totp --name "Alice's app"
  nod user token alice add --hotp --import tokens.csv --serial 1000123 --dry-run
  nod user token alice resync ID 755224 287082
  nod user token alice remove ID --yes`,
		Args: cobra.ArbitraryArgs,
		RunE: userToken,
	}
	f := cmd.Flags()
	f.Bool("totp", false, "add: its passcodes go by the clock, as those of authenticator apps do")
	f.Bool("hotp", false, "add: its passcodes go by a button")
	f.String("name", "", "add: what the person calls it")
	f.String("secret", "", "add: the `SECRET` it has, instead of a fresh one")
	f.Int64("counter", 0, "add: the counter that a token with a button stands at")
	f.Int("digits", 6, "add: how long its passcodes are: 6 or 8")
	f.String("import", "", "add: take the tokens of a `FILE` with lines of serial,secret,counter")
	f.String("serial", "", "add: take only the token with this `SERIAL` from the file")
	f.Bool("dry-run", false, "add: only say what would be added")
	return bindJSON(bindYes(cmd))
}

// userToken chooses the verb, which stands after the person's name.
func userToken(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return misused("NAME is missing")
	}
	verbs := map[string]struct {
		more []string
		do   func(v *verb, room *typed.Tokens, u user.User) error
	}{
		"list":   {nil, listTokens},
		"add":    {nil, addTokens},
		"resync": {[]string{"ID", "CODE", "CODE"}, resyncToken},
		"remove": {[]string{"ID"}, removeToken},
	}
	name := "list"
	if len(args) > 1 {
		name = args[1]
	}
	chosen, known := verbs[name]
	if !known {
		return misused("%q is none of list, add, resync and remove", name)
	}
	if err := arguments(chosen.more...)(cmd, args[min(2, len(args)):]); err != nil {
		return err
	}
	return onInstallation(mustExist, func(v *verb) error {
		u, err := v.user(v.args[0])
		if err != nil {
			return err
		}
		return chosen.do(v, &typed.Tokens{DB: v.DB, Box: v.Instance.Box}, u)
	})(cmd, args)
}

// tokenView is a token as --json shows it.
type tokenView struct {
	ID        string     `json:"id"`
	Name      string     `json:"name"`
	Kind      string     `json:"kind"`
	Digits    int        `json:"digits"`
	MadeBy    string     `json:"made_by"`
	CreatedAt *time.Time `json:"created_at"`
	UsedAt    *time.Time `json:"used_at,omitempty"`
	// Secret and URI are set once, when nod made the secret.
	Secret string `json:"secret,omitempty"`
	URI    string `json:"uri,omitempty"`
}

func viewToken(t typed.Token) tokenView {
	return tokenView{
		ID: t.ID, Name: t.Name, Kind: string(t.Kind), Digits: t.Digits, MadeBy: t.MadeBy, CreatedAt: stamp(t.CreatedAt), UsedAt: stamp(t.UsedAt),
	}
}

func listTokens(v *verb, room *typed.Tokens, u user.User) error {
	all, err := room.List(v.ctx, u.ID)
	if err != nil {
		return err
	}
	views, rows := []tokenView{}, [][]string{}
	for _, t := range all {
		views = append(views, viewToken(t))
		rows = append(rows, []string{t.ID, t.Name, string(t.Kind), strconv.Itoa(t.Digits), ago(t.CreatedAt), ago(t.UsedAt)})
	}
	return v.show(views, func(w io.Writer) {
		if len(rows) == 0 {
			fmt.Fprintf(w, "%s has no authenticator app and no hardware token. Add one with: nod user token %s add --totp\n", plain(u.DisplayName()), plain(u.Name))
			return
		}
		table(w, []string{"id", "name", "kind", "digits", "added", "used"}, rows)
	})
}
