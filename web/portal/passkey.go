package portal

import (
	"errors"
	"net/http"
	"net/url"

	"github.com/nod-idp/nod/idp"
	"github.com/nod-idp/nod/mfa/passkey"
)

// Passkey is the page of one passkey. Button rename, link remove. State passkey.
type Passkey struct {
	Frame
	Name        string
	Kind        string
	Added       Moment
	Used        Moment
	BadName     bool
	RenameURL   string
	RenameToken string
	RemoveURL   string
	BackURL     string
}

func (s *Surface) passkey(w http.ResponseWriter, r *http.Request, h idp.Holder) error {
	k, err := s.Logins.OwnPasskey(r.Context(), h, r.PathValue("passkey"))
	if err != nil {
		return err
	}
	path, query := passkeysPath+"/"+k.ID, r.URL.Query()
	if query.Has("remove") {
		return s.set.Render(w, http.StatusOK, "endpasskey", Removal{
			Frame: framed(sectionDevices), Name: k.Name, Action: path + "/remove", Token: s.formOf(h, "remove passkey", k.ID), BackURL: path,
		})
	}
	return s.set.Render(w, http.StatusOK, "passkey", Passkey{
		Frame: framed(sectionDevices), Name: k.Name, Kind: s.passkeyKind(k), Added: day(k.CreatedAt), Used: s.ago(k.UsedAt),
		BadName: query.Has("name"), RenameURL: path + "/rename", RenameToken: s.formOf(h, "rename passkey", k.ID),
		RemoveURL: path + "?remove", BackURL: devicesPath,
	})
}

func (s *Surface) renamePasskey(r *http.Request, h idp.Holder, form url.Values) (string, error) {
	path := passkeysPath + "/" + r.PathValue("passkey")
	err := s.Logins.RenamePasskey(r.Context(), h, r.PathValue("passkey"), form.Get("name"))
	if errors.Is(err, passkey.ErrBadName) {
		return path + "?name", nil
	}
	return path, err
}

func (s *Surface) removePasskey(r *http.Request, f idp.Fresh, form url.Values) (string, error) {
	return devicesPath, s.Logins.RemovePasskey(r.Context(), f, r.PathValue("passkey"), elsewhere(form))
}
