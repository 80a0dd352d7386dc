package main

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"

	"github.com/nod-idp/nod/idp/password"
	"github.com/nod-idp/nod/idp/user"
	"github.com/nod-idp/nod/internal/instance"
)

// bindPassword lets a command take a new password.
func bindPassword(cmd *cobra.Command) *cobra.Command {
	cmd.Flags().Bool("password-stdin", false, "read the password from stdin: one line, without its end")
	cmd.Flags().Bool("generate", false, "make a password and print it, this once")
	return cmd
}

// newPassword is a password that was chosen for a person, already hashed.
type newPassword struct {
	hash      string
	generated string // the password itself if nod made it, to be printed once
}

// choosePassword takes a password from stdin, makes one, or asks for it twice at a
// terminal. With required false and none of the three there is none.
func (v *verb) choosePassword(required bool, name string, claims user.Claims) (p newPassword, err error) {
	var chosen string
	if err := v.atMostOne("password-stdin", "generate"); err != nil {
		return p, err
	}
	switch terminal := isTerminal(v.cmd.InOrStdin()); {
	case v.on("password-stdin"):
		chosen, err = readLine(v.cmd.InOrStdin())
		if errors.Is(err, io.EOF) || err == nil && chosen == "" {
			err = advised{errors.New("there is no password on stdin"), "Write one line, for example: printf '%s\\n' \"$PASSWORD\" | nod …"}
		}
	case v.on("generate"):
		chosen = rand.Text()
		p.generated = chosen
	case required && terminal:
		chosen, err = v.askPassword(name)
	case required:
		return p, misused("say --password-stdin or --generate, since there is no terminal to ask at")
	default:
		return p, nil
	}
	if err != nil {
		return p, err
	}
	if err := v.judge(chosen, name, claims); err != nil {
		return p, err
	}
	p.hash, err = new(password.Hasher).Hash(v.ctx, chosen)
	return p, err
}

// judge applies the rules for passwords, with what is known about the person.
func (v *verb) judge(chosen, name string, c user.Claims) error {
	known := []string{name, c.Email, c.Name, c.GivenName, c.FamilyName, c.Nickname}
	publicURL, err := instance.PublicURL(v.ctx, v.DB)
	if err != nil {
		return fmt.Errorf("read the public URL: %w", err)
	}
	return password.Policy{MinLength: v.Config.MinPasswordLength}.Check(chosen, append(known, publicURL)...)
}

func (v *verb) askPassword(name string) (string, error) {
	f := v.cmd.InOrStdin().(*os.File) // isTerminal says so
	answers, err := askHidden(f, v.cmd.ErrOrStderr(), fmt.Sprintf("New password for %s: ", plain(name)), "The same again: ")
	if err != nil {
		return "", err
	}
	if answers[0] != answers[1] {
		return "", advised{errors.New("the two passwords differ"), "Nothing was changed. Try once more."}
	}
	return answers[0], nil
}
