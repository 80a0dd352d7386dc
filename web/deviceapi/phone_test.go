package deviceapi_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/nod-idp/nod/devices/protocol"
	"github.com/nod-idp/nod/devices/simulator"
	"github.com/nod-idp/nod/internal/audit"
)

func TestAPhoneEnrolsAndAnswers(t *testing.T) {
	each(t, func(t *testing.T, s *server) {
		ctx := t.Context()
		for _, pin := range []string{"", "2468"} {
			phone := s.enroll(simulator.Options{Name: "Alice's phone", PIN: pin})
			if phone.Status() != protocol.EnrolStateActive || phone.Account().Name != "alice" || phone.Name() != "Alice's phone" {
				t.Errorf("got %s for %+v", phone.Status(), phone.Account())
			}
			id := "chl_" + pin
			s.asks.ask(t, id, "42", phone.ID())
			open, err := phone.Requests(ctx)
			if err != nil || !slices.ContainsFunc(open, func(r protocol.Request) bool { return r.ID == id && r.Context.ClientName == "Contoso Mail" }) {
				t.Fatalf("got %v, %v, want the request", open, err)
			}
			if _, err := phone.Approve(ctx, id, "", pin); !errors.Is(err, simulator.ErrNumberNeeded) {
				t.Errorf("without the number: got %v", err)
			}
			_, err = phone.Approve(ctx, id, "43", pin)
			var refusal *protocol.Error
			if !errors.As(err, &refusal) || refusal.Code != protocol.ErrWrongNumber || refusal.TriesLeft == nil || *refusal.TriesLeft != 2 {
				t.Errorf("a wrong number: got %v, want wrong_number with 2 tries left", err)
			}
			if pin != "" {
				if _, err := phone.Approve(ctx, id, "42", ""); !errors.Is(err, simulator.ErrPINNeeded) {
					t.Errorf("without the PIN: got %v", err)
				}
				if _, err := phone.Approve(ctx, id, "42", "1357"); !errors.Is(err, protocol.ErrWrongPasscode) {
					t.Errorf("a wrong PIN: got %v", err)
				}
			}
			passcode, err := phone.Approve(ctx, id, "42", pin)
			if err != nil || len(passcode) != 6 || s.asks.state(id) != protocol.StateApproved {
				t.Errorf("got %q, %v, and %s", passcode, err, s.asks.state(id))
			}
			if err := phone.Deny(ctx, id); !errors.Is(err, protocol.ErrAnsweredElsewhere) {
				t.Errorf("denying afterwards: got %v", err)
			}
		}
	})
}

func TestAPhoneDeniesAndReports(t *testing.T) {
	each(t, func(t *testing.T, s *server) {
		phone := s.enroll(simulator.Options{})
		s.asks.ask(t, "chl_1", "42", phone.ID())
		s.asks.ask(t, "chl_2", "42", phone.ID())
		if err := phone.Deny(t.Context(), "chl_1"); err != nil || s.asks.state("chl_1") != protocol.StateDenied {
			t.Errorf("deny: %v, %s", err, s.asks.state("chl_1"))
		}
		if err := phone.Report(t.Context(), "chl_2"); err != nil || s.asks.state("chl_2") != protocol.StateReported {
			t.Errorf("report: %v, %s", err, s.asks.state("chl_2"))
		}
		if err := phone.Deny(t.Context(), "chl_none"); !errors.Is(err, protocol.ErrUnknownRequest) {
			t.Errorf("deny nothing: got %v", err)
		}
	})
}

func TestAPhoneWaitsUntilItIsConfirmed(t *testing.T) {
	each(t, func(t *testing.T, s *server) {
		ctx := t.Context()
		phone, err := simulator.Enroll(ctx, s.link(true).URL, simulator.Options{})
		if err != nil || phone.Status() != protocol.EnrolStateConfirm {
			t.Fatalf("got %v, want a phone that waits", err)
		}
		if _, err := phone.Requests(ctx); !errors.Is(err, protocol.ErrInvalidRequest) {
			t.Errorf("before the confirmation: got %v", err)
		}
		waiting, err := s.devices.AwaitingConfirmation(ctx, alice)
		if err != nil || len(waiting) != 1 || waiting[0].Fingerprint != phone.Fingerprint() {
			t.Fatalf("the browser shows %+v, %v, want %s", waiting, err, phone.Fingerprint())
		}
		if err := s.devices.Confirm(ctx, alice, waiting[0].EnrolmentID); err != nil {
			t.Fatal(err)
		}
		if err := phone.AwaitConfirmation(ctx); err != nil {
			t.Error(err)
		}
		if _, err := phone.Requests(ctx); err != nil {
			t.Errorf("after the confirmation: %v", err)
		}
	})
}

func TestTwoAccountsLiveInOneStore(t *testing.T) {
	each(t, func(t *testing.T, s *server) {
		store := simulator.Store{Path: t.TempDir() + "/phones.json"}
		for _, pin := range []string{"", "2468"} {
			if err := store.Put(s.enroll(simulator.Options{PIN: pin})); err != nil {
				t.Fatal(err)
			}
		}
		phones, err := store.Load()
		if err != nil || len(phones) != 2 || phones[0].ID() == phones[1].ID() {
			t.Fatalf("got %v, %v, want two phones", phones, err)
		}
		for i, phone := range phones {
			id := "chl_" + phone.ID()
			s.asks.ask(t, id, "42", phone.ID())
			if _, err := phone.Approve(t.Context(), id, "42", "2468"); err != nil {
				t.Errorf("phone %d from the file: %v", i, err)
			}
			if code, err := phone.TypedPasscode(); err != nil || len(code) != 6 {
				t.Errorf("got %q, %v", code, err)
			}
		}
	})
}

func TestPushIsSwitchedByTheDeviceAndRecorded(t *testing.T) {
	each(t, func(t *testing.T, s *server) {
		ctx, phone := t.Context(), s.enroll(simulator.Options{})
		if err := phone.SetPush(ctx, false); err != nil {
			t.Fatal(err)
		}
		if d, err := s.devices.Get(ctx, phone.ID()); err != nil || d.PushOn {
			t.Errorf("got %+v, %v, want push off", d, err)
		}
		rows, err := audit.Last(ctx, s.devices.DB, 100)
		if err != nil {
			t.Fatal(err)
		}
		last := rows[len(rows)-1]
		if last.Action != "device.push.set" || last.Actor != "device:"+phone.ID() || last.IP != "127.0.0.1" || !strings.HasPrefix(last.RequestID, "req_") {
			t.Errorf("got %+v", last)
		}
	})
}

func TestALinkIsUsedOnceOverTheNetworkToo(t *testing.T) {
	each(t, func(t *testing.T, s *server) {
		link := s.link(false)
		if _, err := simulator.Enroll(t.Context(), link.URL, simulator.Options{}); err != nil {
			t.Fatal(err)
		}
		if _, err := simulator.Enroll(t.Context(), link.URL, simulator.Options{}); !errors.Is(err, protocol.ErrLinkUsed) {
			t.Errorf("got %v, want link_used", err)
		}
	})
}
