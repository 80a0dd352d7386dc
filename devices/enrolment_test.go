package devices_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/nod-idp/nod/devices"
	"github.com/nod-idp/nod/devices/protocol"
	"github.com/nod-idp/nod/internal/db"
)

// own makes a link as the person does at the portal.
func (h *house) own() devices.Link {
	h.t.Helper()
	link, err := h.Link(h.t.Context(), devices.LinkRequest{UserID: alice, Confirm: true, MadeBy: "user:" + alice})
	if err != nil {
		h.t.Fatal(err)
	}
	return link
}

func (h *house) enrolment(id string) devices.Enrolment {
	h.t.Helper()
	e, err := h.Enrolment(h.t.Context(), alice, id)
	if err != nil {
		h.t.Fatal(err)
	}
	return e
}

func TestALinkIsShownAgainToWhoMadeItWhileItIsOpen(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		link := h.own()
		for range 2 {
			if e := h.enrolment(link.ID); e.URL != link.URL || e.State != devices.LinkOpen || e.ByAdministrator || !e.ExpiresAt.Equal(link.ExpiresAt) {
				t.Errorf("got %+v, want the link %s", e, link.URL)
			}
		}
		if n := h.count("SELECT count(*) FROM audit WHERE detail LIKE $1", "%"+link.Token+"%"); n != 0 {
			t.Error("the journal holds the secret of a link")
		}
		if _, err := h.Enrolment(t.Context(), bob, link.ID); !errors.Is(err, devices.ErrNotWaiting) {
			t.Errorf("somebody else: got %v, want ErrNotWaiting", err)
		}
		admin := h.link(true)
		if e := h.enrolment(admin.ID); e.URL != "" || !e.ByAdministrator {
			t.Errorf("the administrator's link: got %+v, want no link to show", e)
		}
		p := h.phone()
		if err := p.begin(link.Token, protocol.VerifyPlain); err != nil {
			t.Fatal(err)
		}
		if e := h.enrolment(link.ID); e.URL != "" || e.State != devices.EnrolmentClaimed || e.Device.DeviceID != p.DeviceID {
			t.Errorf("claimed: got %+v", e)
		}
		if _, err := p.prove(p.passcode()); err != nil {
			t.Fatal(err)
		}
		if e := h.enrolment(link.ID); e.State != devices.EnrolmentProved || e.Device.Fingerprint != p.begun.Fingerprint {
			t.Errorf("proved: got %+v", e)
		}
		if err := h.Confirm(t.Context(), alice, link.ID); err != nil {
			t.Fatal(err)
		}
		if e := h.enrolment(link.ID); e.State != devices.EnrolmentActive || e.URL != "" {
			t.Errorf("confirmed: got %+v", e)
		}
	})
}

func TestALinkWhoseTimeIsUpIsNotShown(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		link := h.own()
		h.pass(5 * time.Minute)
		if e := h.enrolment(link.ID); e.URL != "" || e.State != devices.EnrolmentExpired {
			t.Errorf("got %+v, want it expired", e)
		}
	})
}

func TestANewLinkOfAPersonWithdrawsTheirOlderOne(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		admin, first := h.link(true), h.own()
		second := h.own()
		if first.Token == second.Token || !strings.HasPrefix(second.URL, publicURL+devices.LinkPath+"#nol_") {
			t.Errorf("got %s and %s", first.URL, second.URL)
		}
		if e := h.enrolment(first.ID); e.State != devices.EnrolmentRefused || e.URL != "" {
			t.Errorf("the older link: got %+v, want it refused", e)
		}
		wantCode(t, "using the older link", h.phone().begin(first.Token, protocol.VerifyPlain), protocol.ErrLinkUsed)
		for _, link := range []devices.Link{admin, second} {
			if err := h.phone().begin(link.Token, protocol.VerifyPlain); err != nil {
				t.Errorf("got %v, want the link to work", err)
			}
		}
	})
}

func TestADeviceIsRemovedTogetherWithWhatElseItMeans(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		p := h.enrolled(protocol.VerifyPlain)
		failed := errors.New("the rest failed")
		err := h.DB.Write(t.Context(), func(tx *db.Tx) error {
			return errors.Join(h.RemoveTx(tx, alice, p.DeviceID, "user"), failed)
		})
		if !errors.Is(err, failed) || p.device().State != devices.Active {
			t.Errorf("got %v and a device that is %s, want it untouched", err, p.device().State)
		}
		err = h.DB.Write(t.Context(), func(tx *db.Tx) error { return h.RemoveTx(tx, bob, p.DeviceID, "user") })
		if !errors.Is(err, devices.ErrNotFound) {
			t.Errorf("somebody else's: got %v, want ErrNotFound", err)
		}
		if err := h.DB.Write(t.Context(), func(tx *db.Tx) error { return h.RemoveTx(tx, alice, p.DeviceID, "user") }); err != nil {
			t.Fatal(err)
		}
		h.wantErased(p.DeviceID)
	})
}
