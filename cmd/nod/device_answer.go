package main

import (
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"github.com/nod-idp/nod/devices/protocol"
)

// answerVerb is one way to answer a request.
type answerVerb struct {
	name, short, done string
	state             protocol.State
	approves          bool
	answer            func(ctx context.Context, p pendingRequest) error // nil for approve
}

var (
	approveVerb = answerVerb{
		name: "approve", short: "Approve a sign-in request", done: "Approved", state: protocol.StateApproved, approves: true,
	}
	denyVerb = answerVerb{
		name: "deny", short: "Deny a sign-in request", done: "Denied", state: protocol.StateDenied,
		answer: func(ctx context.Context, p pendingRequest) error { return p.phone.Deny(ctx, p.request.ID) },
	}
	reportVerb = answerVerb{
		name: "report", short: "Report a sign-in request that was not yours", done: "Reported", state: protocol.StateReported,
		answer: func(ctx context.Context, p pendingRequest) error { return p.phone.Report(ctx, p.request.ID) },
	}
)

// answeredRequest is what approve, deny and report print.
type answeredRequest struct {
	ID       string `json:"id"`
	Client   string `json:"client"`
	Account  string `json:"account"`
	State    string `json:"state"`
	Passcode string `json:"passcode,omitempty"`
}

func (v *deviceVerbs) answerCommand(verb answerVerb) *cobra.Command {
	var number, pin string
	cmd := &cobra.Command{
		Use:   verb.name + " [ID]",
		Short: verb.short,
		Long:  verb.short + ". Without an id it is the one request that is open.",
		Args:  cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			p, err := v.choose(cmd, args)
			if err != nil {
				return err
			}
			done := answeredRequest{
				ID: p.request.ID, Client: p.request.Client.ID, Account: p.phone.Account().Name, State: string(verb.state),
			}
			if verb.approves {
				if pin == "" && p.phone.Verification() == protocol.VerifyPIN {
					if pin, err = askPIN(cmd); err != nil {
						return err
					}
				}
				done.Passcode, err = p.phone.ApproveRequest(cmd.Context(), p.request, number, pin)
			} else {
				err = verb.answer(cmd.Context(), p)
			}
			v.keepClock(p.phone, cmd)
			if err != nil {
				return explain(err)
			}
			text := fmt.Sprintf("%s the sign-in to %s as %s.", verb.done, p.request.Context.Clean().ClientName, done.Account)
			if verb.approves {
				text += fmt.Sprintf(" The passcode %s was sent to the login page.", done.Passcode)
			}
			return v.print(cmd, done, text)
		},
	}
	if verb.approves {
		cmd.Flags().StringVar(&number, "number", "", "the number that the login page shows")
		cmd.Flags().StringVar(&pin, "pin", "", "the PIN of the device, if it has one")
	}
	cmd.Flags().BoolVar(&v.json, "json", false, "print JSON")
	return cmd
}

// askPIN asks a person for the PIN, where one sits at the terminal: what stands on a
// command line can be read by others.
func askPIN(cmd *cobra.Command) (string, error) {
	f, ok := cmd.InOrStdin().(*os.File)
	if !ok || !isTerminal(f) {
		return "", nil
	}
	answers, err := askHidden(f, cmd.ErrOrStderr(), "PIN: ")
	if err != nil {
		return "", err
	}
	return answers[0], nil
}

// choose finds the request that is meant and tells the server that it is on screen.
func (v *deviceVerbs) choose(cmd *cobra.Command, args []string) (pendingRequest, error) {
	if len(args) == 1 {
		return v.find(cmd.Context(), args[0])
	}
	pending, err := v.pending(cmd)
	if err != nil {
		return pendingRequest{}, err
	}
	switch len(pending) {
	case 0:
		return pendingRequest{}, errors.New("there is no open request; press the button on the login page first")
	case 1:
		p := pending[0]
		p.request, err = p.phone.Open(cmd.Context(), p.request.ID)
		return p, explain(err)
	}
	text := "there are several open requests; name one of them:"
	for _, p := range pending {
		text += fmt.Sprintf("\n  %s  %s as %s", p.request.ID, p.request.Context.Clean().ClientName, p.phone.Account().Name)
	}
	return pendingRequest{}, errors.New(text)
}
