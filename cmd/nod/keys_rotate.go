package main

import (
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/spf13/cobra"

	"github.com/nod-idp/nod/idp/keys"
)

func newKeysRotateCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "rotate",
		Short: "Have new keys sign",
		Long: `Have new keys sign, for one algorithm or for all.

A new key is published at once. The running server lets it sign a day later, when every
application has seen it, and keeps the old one published until all it signed has expired.

With --emergency, for a key that somebody else may have, all keys of the algorithm are
withdrawn this moment, and a new one signs. What they signed is refused as soon as
applications read the key set again; access tokens that are JWTs stop working here at once.
Until then an application may refuse new tokens.`,
		Example: "  nod keys rotate --alg RS256\n  nod keys rotate --alg RS256 --bits 3072\n  nod keys rotate --emergency --yes",
		Args:    arguments(),
		RunE:    onInstallation(mustExist, rotateKeys),
	}
	cmd.Flags().String("alg", "", "the algorithm: RS256, PS256, ES256 or EdDSA (default: all)")
	cmd.Flags().Int("bits", 0, "size of new RSA keys: 2048, 3072 or 4096 (default 2048)")
	cmd.Flags().Bool("emergency", false, "withdraw the present keys at once")
	return bindJSON(bindYes(cmd))
}

func rotateKeys(v *verb) error {
	bits, err := v.cmd.Flags().GetInt("bits")
	if err != nil {
		return err
	}
	ring := v.ring(bits)
	algorithms, err := v.algorithms(ring)
	if err != nil {
		return err
	}
	if v.on("emergency") {
		if err := v.certainly("withdraw every key of %s and refuse what they signed", joined(algorithms)); err != nil {
			return err
		}
		for _, a := range algorithms {
			if err := ring.Replace(v.ctx, a); err != nil {
				return err
			}
		}
		return v.showKeysOf(ring, algorithms, keys.Active, "The new key %s signs with %s from now on.\n")
	}
	for _, a := range algorithms {
		if _, err := ring.Rotate(v.ctx, a); err != nil {
			return err
		}
	}
	return v.showKeysOf(ring, algorithms, keys.Next, "The key %s is published and signs with %s from %s.\n")
}

// algorithms are the one that was named, or all that there are keys for.
func (v *verb) algorithms(ring *keys.Ring) (found []keys.Algorithm, err error) {
	if name := v.text("alg"); name != "" {
		one, err := keys.ParseAlgorithm(name)
		if err != nil {
			return nil, misused("--alg: %v", err)
		}
		return []keys.Algorithm{one}, nil
	}
	all, err := ring.List(v.ctx)
	for _, i := range all {
		found = append(found, i.Algorithm)
	}
	found = slices.Compact(found)
	if err == nil && len(found) == 0 {
		err = advised{errors.New("there are no signing keys yet"), "\"nod serve\" makes them at its first start."}
	}
	return found, err
}

// showKeysOf tells of the keys of some algorithms that are in a state. The line is given
// kid, algorithm and, for next keys, when they begin to sign.
func (v *verb) showKeysOf(ring *keys.Ring, algorithms []keys.Algorithm, state keys.State, line string) error {
	all, err := ring.List(v.ctx)
	if err != nil {
		return err
	}
	views, told := []keyView{}, []keys.Info{}
	for _, i := range all {
		for _, a := range algorithms {
			if i.State == state && i.Algorithm == a {
				views, told = append(views, viewKey(i)), append(told, i)
			}
		}
	}
	return v.show(views, func(w io.Writer) {
		for _, i := range told {
			args := []any{i.KID, i.Algorithm}
			if state == keys.Next {
				args = append(args, moment(i.ReadyAt()))
			}
			fmt.Fprintf(w, line, args...)
		}
	})
}
