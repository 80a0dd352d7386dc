package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/nod-idp/nod/devices/protocol"
	"github.com/nod-idp/nod/devices/simulator"
)

// listedRequest is one line of list.
type listedRequest struct {
	ID          string    `json:"id"`
	Client      string    `json:"client"`
	ClientName  string    `json:"client_name"`
	Account     string    `json:"account"`
	State       string    `json:"state"`
	ExpiresAt   time.Time `json:"expires_at"`
	MatchDigits int       `json:"match_digits"`
	IP          string    `json:"ip"`
	Device      string    `json:"device_id"`
}

func (v *deviceVerbs) listCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "list",
		Short: "List the open sign-in requests",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			pending, err := v.pending(cmd)
			if err != nil {
				return err
			}
			list, lines := []listedRequest{}, []string{}
			for _, p := range pending {
				c := p.request.Context.Clean()
				list = append(list, listedRequest{
					ID: p.request.ID, Client: p.request.Client.ID, ClientName: c.ClientName, Account: p.phone.Account().Name,
					State: string(p.request.State), ExpiresAt: p.request.ExpiresAt.UTC(), MatchDigits: p.request.MatchDigits,
					IP: c.IP, Device: p.phone.ID(),
				})
				lines = append(lines, fmt.Sprintf("%s  %s  %s  from %s, until %s",
					p.request.ID, c.ClientName, p.phone.Account().Name, c.IP, p.request.ExpiresAt.Local().Format(time.TimeOnly)))
			}
			if len(lines) == 0 {
				lines = append(lines, "No open requests.")
			}
			return v.print(cmd, list, strings.Join(lines, "\n"))
		},
	}
	cmd.Flags().BoolVar(&v.json, "json", false, "print JSON")
	return cmd
}

// pendingRequest is a request and the phone that was asked.
type pendingRequest struct {
	phone   *simulator.Phone
	request protocol.Request
}

// pending asks every phone of the file. A phone that cannot be asked is told of, and
// is an error only if none could.
func (v *deviceVerbs) pending(cmd *cobra.Command) ([]pendingRequest, error) {
	phones, err := v.phones()
	if err != nil {
		return nil, err
	}
	var list []pendingRequest
	var faults []error
	for _, phone := range phones {
		open, err := phone.Requests(cmd.Context())
		if err != nil {
			faults = append(faults, fmt.Errorf("%s (%s): %w", phone.ID(), phone.Account().Name, explain(err)))
			continue
		}
		v.keepClock(phone, cmd)
		for _, r := range open {
			list = append(list, pendingRequest{phone, r})
		}
	}
	if len(faults) == len(phones) {
		return nil, errors.Join(faults...)
	}
	for _, fault := range faults {
		cmd.PrintErrln(fault)
	}
	return list, nil
}

// find returns the request with the id from whichever phone was asked it.
func (v *deviceVerbs) find(ctx context.Context, id string) (pendingRequest, error) {
	phones, err := v.phones()
	if err != nil {
		return pendingRequest{}, err
	}
	var faults []error
	for _, phone := range phones {
		r, err := phone.Open(ctx, id)
		if err == nil {
			return pendingRequest{phone, r}, nil
		}
		// One that knows the request says more than all that do not.
		if len(phones) == 1 || !errors.Is(err, protocol.ErrUnknownRequest) {
			faults = append(faults, explain(err))
		}
	}
	if len(faults) == 0 {
		return pendingRequest{}, fmt.Errorf("no device in %s was asked %q", v.store, id)
	}
	return pendingRequest{}, errors.Join(faults...)
}
