package login

import (
	"net/http"

	"github.com/nod-idp/nod/idp"
)

func (s *Surface) allow(r *http.Request, id string, f form) (*idp.Finished, error) {
	return s.Logins.Allow(r.Context(), id, f.browser, f.token)
}

func (s *Surface) goOn(r *http.Request, id string, f form) (*idp.Finished, error) {
	return s.Logins.GoOn(r.Context(), id, f.browser, f.token)
}

func (s *Surface) otherAccount(r *http.Request, id string, f form) (*idp.Finished, error) {
	return nil, s.Logins.SwitchAccount(r.Context(), id, f.browser, f.token)
}

func (d drawing) consent() View {
	return Consent{
		Question: d.question(), Account: d.Account, Scopes: d.Login.Request.Scopes, Claims: d.Login.Request.Claims.All(),
		AllowURL: d.path + "/allow", DenyURL: d.path + "/cancel",
	}
}

func (d drawing) account() View {
	return ChooseAccount{Question: d.question(), Account: d.Account, GoOnURL: d.path + "/go-on", OtherURL: d.path + "/other-account"}
}
