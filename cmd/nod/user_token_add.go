package main

import (
	"fmt"
	"io"
	"os"
	"slices"

	"github.com/nod-idp/nod/devices"
	"github.com/nod-idp/nod/idp/user"
	"github.com/nod-idp/nod/internal/db"
	"github.com/nod-idp/nod/internal/random"
	typed "github.com/nod-idp/nod/mfa/token"
)

// issuerName is what an app calls this installation when a command made its secret. The
// name on the pages is the server's setting, which a command does not read.
const issuerName = "nod"

func addTokens(v *verb, room *typed.Tokens, u user.User) error {
	for _, apart := range [][]string{{"totp", "hotp"}, {"secret", "import"}, {"name", "import"}, {"counter", "import"}} {
		if err := v.atMostOne(apart...); err != nil {
			return err
		}
	}
	seeds, fresh, err := v.seeds(u)
	if err != nil {
		return err
	}
	for _, seed := range seeds {
		if err := seed.Check(); err != nil {
			return fmt.Errorf("%q: %w", seed.Name, err)
		}
	}
	if v.on("dry-run") {
		return v.showSeeds(seeds)
	}
	phones, err := v.devices()
	if err != nil {
		return err
	}
	var added []typed.Token
	err = v.DB.Write(v.ctx, func(tx *db.Tx) (err error) {
		if added, err = room.AddTx(tx, u.ID, "cli:"+osUser(), seeds...); err != nil {
			return err
		}
		for _, t := range added {
			if err := phones.NotifyTx(tx, u.ID, "", devices.TokenAdded, t.Name); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	return v.showAdded(u, added, seeds, fresh)
}

// seeds reads what is to be added; fresh tells that the secret was made here.
func (v *verb) seeds(u user.User) (seeds []typed.Seed, fresh bool, err error) {
	seed := typed.Seed{Kind: typed.TOTP, Name: v.text("name"), Secret: random.Bytes(20)}
	if v.on("hotp") {
		seed.Kind = typed.HOTP
	} else if !v.on("totp") {
		return nil, false, misused("say --totp for an authenticator app, or --hotp for a token with a button")
	}
	digits, _ := v.cmd.Flags().GetInt("digits")
	if digits != 6 && digits != 8 {
		return nil, false, misused("--digits %d is refused; allowed is 6 or 8", digits)
	}
	if v.changed("import") {
		seeds, err = v.importSeeds(seed.Kind, digits)
		return seeds, false, err
	}
	if v.changed("serial") {
		return nil, false, misused("--serial needs --import")
	}
	if seed.Kind == typed.HOTP && !v.changed("secret") {
		return nil, false, misused("--hotp needs the --secret that is in the token, or --import")
	}
	seed.Digits = digits
	seed.Counter, _ = v.cmd.Flags().GetInt64("counter")
	if seed.Name == "" {
		seed.Name = map[typed.Kind]string{typed.TOTP: "Authenticator app", typed.HOTP: "Hardware token"}[seed.Kind]
	}
	if v.changed("secret") {
		if seed.Secret, err = typed.ParseSecret(v.text("secret")); err != nil {
			return nil, false, fmt.Errorf("--secret: %w", err)
		}
	}
	return []typed.Seed{seed}, !v.changed("secret"), nil
}

// longestList bounds what is read as a list of tokens.
const longestList = 4 << 20

func (v *verb) importSeeds(kind typed.Kind, digits int) ([]typed.Seed, error) {
	file, err := os.Open(v.text("import"))
	if err != nil {
		return nil, fmt.Errorf("--import: %w", err)
	}
	defer func() { _ = file.Close() }() // it was only read
	seeds, err := typed.ReadSeeds(io.LimitReader(file, longestList), kind, digits)
	if err != nil {
		return nil, advised{fmt.Errorf("--import %s: %w", v.text("import"), err), "Nothing was added. Put the list right, and look at it first with --dry-run."}
	}
	if !v.changed("serial") {
		return seeds, nil
	}
	i := slices.IndexFunc(seeds, func(s typed.Seed) bool { return s.Name == v.text("serial") })
	if i < 0 {
		return nil, fmt.Errorf("--serial: there is no token %q in the list", v.text("serial"))
	}
	return seeds[i : i+1], nil
}

func (v *verb) showSeeds(seeds []typed.Seed) error {
	views, rows := []tokenView{}, [][]string{}
	for _, s := range seeds {
		views = append(views, tokenView{Name: s.Name, Kind: string(s.Kind), Digits: s.Digits})
		rows = append(rows, []string{s.Name, string(s.Kind), fmt.Sprint(s.Digits), fmt.Sprint(s.Counter)})
	}
	return v.show(views, func(w io.Writer) {
		table(w, []string{"name", "kind", "digits", "counter"}, rows)
		fmt.Fprintf(w, "\nThis would add %s. Nothing was changed.\n", counted(len(rows), "token"))
	})
}

func (v *verb) showAdded(u user.User, added []typed.Token, seeds []typed.Seed, fresh bool) error {
	views := []tokenView{}
	for i, t := range added {
		view := viewToken(t)
		if fresh {
			view.Secret, view.URI = typed.SecretText(seeds[i].Secret), typed.URI(issuerName, u.Name, seeds[i].Secret)
		}
		views = append(views, view)
	}
	return v.show(views, func(w io.Writer) {
		for _, view := range views {
			fmt.Fprintf(w, "Added %s (%s) for %s.\n", plain(view.Name), view.ID, plain(u.Name))
			if fresh {
				fmt.Fprintf(w, "Secret, shown this once: %s\nFor a QR code: %s\n", view.Secret, view.URI)
			}
		}
	})
}
