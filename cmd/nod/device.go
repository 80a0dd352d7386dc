package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/nod-idp/nod/devices/simulator"
)

// deviceVerbs are the verbs of a phone that lives in a file. They speak to a server
// by its public URL and never open its data.
type deviceVerbs struct {
	store string
	json  bool
}

func newDeviceCommand() *cobra.Command {
	v := &deviceVerbs{}
	cmd := &cobra.Command{
		Use:   "device",
		Short: "Be a phone: enrol by a link, approve, deny and report sign-in requests",
		Long: `Be a phone in the terminal. A device is kept in a file, which holds its key: whoever
can read the file can approve in your place, unless the device has a PIN.`,
		Args: cobra.NoArgs,
	}
	cmd.PersistentFlags().StringVar(&v.store, "store", "", "file that the devices are kept in")
	_ = cmd.MarkPersistentFlagRequired("store") // fails only for flags that do not exist
	cmd.AddCommand(
		v.enrollCommand(), v.listCommand(), v.answerCommand(approveVerb), v.answerCommand(denyVerb), v.answerCommand(reportVerb),
		v.passcodeCommand(), v.watchCommand(),
	)
	return cmd
}

func (v *deviceVerbs) file() simulator.Store { return simulator.Store{Path: v.store} }

// phones loads the devices of the file, of which there must be one at least.
func (v *deviceVerbs) phones() ([]*simulator.Phone, error) {
	phones, err := v.file().Load()
	if err != nil {
		return nil, err
	}
	if len(phones) == 0 {
		return nil, fmt.Errorf("there is no device in %s; enrol one with: nod device enroll URL --store %s", v.store, v.store)
	}
	return phones, nil
}

// keepClock stores what a phone has learned of the server's clock. That it may fail
// matters to nobody: the phone would learn it again.
func (v *deviceVerbs) keepClock(p *simulator.Phone, cmd *cobra.Command) {
	if p.Offset() == 0 {
		return
	}
	if err := v.file().Put(p); err != nil {
		cmd.PrintErrln("The clock's offset could not be stored:", err)
	}
}

// print writes v as the one JSON value of stdout, or the text in its place.
func (v *deviceVerbs) print(cmd *cobra.Command, value any, text string) error {
	if !v.json {
		_, err := fmt.Fprintln(cmd.OutOrStdout(), text)
		return err
	}
	encoder := json.NewEncoder(cmd.OutOrStdout())
	encoder.SetEscapeHTML(false)
	return encoder.Encode(value)
}

// explained puts the server's own sentence in front of an error, and keeps the
// error for who looks closer.
type explained struct{ err error }

func (e explained) Error() string { return strings.TrimSuffix(simulator.Explain(e.err), ".") }
func (e explained) Unwrap() error { return e.err }

func explain(err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, simulator.ErrNumberNeeded):
		return errors.New("the login page shows a number; give it with --number")
	case errors.Is(err, simulator.ErrPINNeeded):
		return errors.New("this device was enrolled with a PIN; give it with --pin")
	}
	return explained{err}
}
