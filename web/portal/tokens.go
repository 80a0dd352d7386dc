package portal

import (
	"errors"
	"net/http"
	"net/url"

	"github.com/nod-idp/nod/idp"
	"github.com/nod-idp/nod/mfa/token"
)

// Token is the page of one authenticator app or hardware token. Button rename, link
// remove. State token.
type Token struct {
	Frame
	Name        string
	Kind        string
	Digits      int
	Added       Moment
	Used        Moment
	BadName     bool
	RenameURL   string
	RenameToken string
	RemoveURL   string
	BackURL     string
}

func (s *Surface) token(w http.ResponseWriter, r *http.Request, h idp.Holder) error {
	t, err := s.Logins.MFA.Tokens.Get(r.Context(), h.User.ID, r.PathValue("token"))
	if err == nil && t.State != token.Active {
		err = token.ErrNotFound
	}
	if err != nil {
		return err
	}
	path, query := tokensPath+"/"+t.ID, r.URL.Query()
	if query.Has("remove") {
		return s.set.Render(w, http.StatusOK, "endtoken", Removal{
			Frame: framed(sectionDevices), Name: t.Name, Action: path + "/remove", Token: s.formOf(h, "remove token", t.ID), BackURL: path,
		})
	}
	return s.set.Render(w, http.StatusOK, "token", Token{
		Frame: framed(sectionDevices), Name: t.Name, Kind: s.tokenKind(t.Kind), Digits: t.Digits, Added: day(t.CreatedAt), Used: s.ago(t.UsedAt),
		BadName: query.Has("name"), RenameURL: path + "/rename", RenameToken: s.formOf(h, "rename token", t.ID),
		RemoveURL: path + "?remove", BackURL: devicesPath,
	})
}

func (s *Surface) renameToken(r *http.Request, h idp.Holder, form url.Values) (string, error) {
	id := r.PathValue("token")
	err := s.Logins.RenameToken(r.Context(), h, id, form.Get("name"))
	if errors.Is(err, token.ErrBadName) {
		return tokensPath + "/" + id + "?name", nil
	}
	return tokensPath + "/" + id, err
}

func (s *Surface) removeToken(r *http.Request, f idp.Fresh, form url.Values) (string, error) {
	return devicesPath, s.Logins.RemoveToken(r.Context(), f, r.PathValue("token"), elsewhere(form))
}
