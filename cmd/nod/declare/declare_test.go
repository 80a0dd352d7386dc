package declare_test

import (
	"errors"
	"reflect"
	"strings"
	"testing"

	"github.com/nod-idp/nod/cmd/nod/declare"
	"github.com/nod-idp/nod/idp/client"
	"github.com/nod-idp/nod/mfa"
)

const whole = `# what there is
clients:
  - client_id: mail
    name: Contoso Mail
    token_endpoint_auth_method: private_key_jwt
    redirect_uris: [https://mail.example/cb, "https://mail.example/a,b"]
    post_logout_redirect_uris: [https://mail.example/bye]
    grant_types: [authorization_code, device_code, ciba]
    response_types: [code, token id_token code]
    response_modes: [form_post, query.jwt]
    pkce: optional
    second_factor: push
    id_token_signed_response_alg: ES256
    refresh_rotation: false
    origins: [https://mail.example]
    jwks: {keys: [{kty: OKP, crv: Ed25519, x: "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]}
    access_token_format: jwt
    resources: [https://api.example]
    backchannel_logout_uri: https://mail.example/out
    frontchannel_logout_uri: https://mail.example/frame
    first_party: true
    fapi: 2
    backchannel_token_delivery_mode: ping
    backchannel_client_notification_endpoint: https://mail.example/ping
    require_pushed_authorization_requests: true
    dpop_bound_access_tokens: true
    require_signed_request_object: true
  - client_id: wiki
    redirect_uris:
      - https://wiki.example/cb
    jwks: '{"keys": []}'
    jwks_uri: https://wiki.example/keys
`

func TestEverySettingIsRead(t *testing.T) {
	f, err := declare.Parse("clients.yaml", []byte(whole))
	if err != nil {
		t.Fatal(err)
	}
	want := client.New{
		ID: "mail", Name: "Contoso Mail", AuthMethod: client.AuthPrivateKey, RedirectURIs: []string{"https://mail.example/cb", "https://mail.example/a,b"},
		PostLogoutRedirectURIs: []string{"https://mail.example/bye"}, Grants: []client.Grant{client.AuthorizationCode, client.DeviceCode, client.CIBA},
		ResponseTypes: []client.ResponseType{client.Code, client.CodeIDTokenToken},
		ResponseModes: []client.ResponseMode{client.FormPost, client.QueryJWT}, PKCE: client.PKCEOptional, SecondFactor: client.FactorPush,
		IDTokenAlg: client.ES256, KeepRefreshTokens: true, Origins: []string{"https://mail.example"},
		JWKS:         `{"keys":[{"crv":"Ed25519","kty":"OKP","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]}`,
		AccessTokens: client.JWTTokens, Resources: []string{"https://api.example"}, BackchannelLogoutURI: "https://mail.example/out",
		FrontchannelLogoutURI: "https://mail.example/frame", FirstParty: true, FAPI: client.FAPI2, CIBA: client.CIBAPing,
		CIBANotificationURI: "https://mail.example/ping", PushedRequests: true, DPoP: true, SignedRequests: true,
	}
	if !reflect.DeepEqual(f.Clients[0], want) {
		t.Errorf("got %+v\nwant %+v", f.Clients[0], want)
	}
	wiki := client.New{ID: "wiki", RedirectURIs: []string{"https://wiki.example/cb"}, JWKS: `{"keys": []}`, JWKSURI: "https://wiki.example/keys"}
	if len(f.Clients) != 2 || !reflect.DeepEqual(f.Clients[1], wiki) {
		t.Errorf("got %+v", f.Clients)
	}
}

// TestEverySettingHasAName fails when a client gets a setting that a file cannot set.
func TestEverySettingHasAName(t *testing.T) {
	f, err := declare.Parse("clients.yaml", []byte(whole))
	if err != nil {
		t.Fatal(err)
	}
	said := reflect.ValueOf(f.Clients[0])
	for i := range said.NumField() {
		if name := said.Type().Field(i).Name; said.Field(i).IsZero() && name != "JWKSURI" {
			t.Errorf("the setting %s is not among those of the file", name)
		}
	}
}

func TestEveryMistakeIsToldWithItsLine(t *testing.T) {
	for name, row := range map[string]struct {
		text string
		says []string
	}{
		"nothing":                 {"", []string{"f.yaml: it is empty"}},
		"a word":                  {"clients", []string{"f.yaml:1: this is not a mapping"}},
		"another key":             {"client: []", []string{`f.yaml:1: "client" is not known here`}},
		"a policy that is none":   {"clients: []\npolicy: {}", []string{"f.yaml:2: policy is a list of rules"}},
		"a rule that is none":     {"policy:\n  - factor: maybe", []string{"f.yaml:2", `policy.factor: "maybe" is refused`}},
		"the policy twice":        {"policy: []\npolicy: []", []string{"f.yaml:2: policy stands here a second time"}},
		"clients twice":           {"clients: []\nclients: []", []string{"second time"}},
		"no list":                 {"clients: {}", []string{"f.yaml:1: clients is a list"}},
		"a client that is a word": {"clients:\n  - mail", []string{"f.yaml:2: a client is a mapping"}},
		"no id":                   {"clients:\n  - name: x", []string{"f.yaml:2: this client has no client_id"}},
		"one client twice":        {"clients:\n  - client_id: a\n  - client_id: a", []string{"f.yaml:3: the client a stands here a second time; it began at line 2"}},
		"one setting twice":       {"clients:\n  - client_id: a\n    pkce: required\n    pkce: optional", []string{"f.yaml:4: pkce stands here a second time; it was set at line 3"}},
		"a secret":                {"clients:\n  - client_id: a\n    client_secret: x", []string{`f.yaml:3: "client_secret" is not a setting of a client: nod makes the secrets`}},
		"the name of a flag":      {"clients:\n  - client_id: a\n    redirect_uri: x", []string{"f.yaml:3", "it is called redirect_uris"}},
		"kinds that do not fit": {"clients:\n  - client_id: a\n    redirect_uris: x\n    first_party: maybe\n    fapi: two\n    jwks: [1]\n    name: {}\n    origins: [[]]",
			[]string{"f.yaml:3: redirect_uris: a list", "f.yaml:4: first_party: true or false", "f.yaml:5: fapi: 2 or 0", "f.yaml:6: jwks: a JWK set", "f.yaml:7: name: a text", "f.yaml:8: origins: a list"}},
		"two documents": {"clients: []\n---\nclients: []", []string{"more than one document"}},
		"no YAML":       {"clients: [", []string{"f.yaml: "}},
		"too long":      {strings.Repeat("#", declare.Most+1), []string{"longer than"}},
	} {
		_, err := declare.Parse("f.yaml", []byte(row.text))
		if err == nil {
			t.Errorf("%s: got no error", name)
			continue
		}
		for _, want := range row.says {
			if !strings.Contains(err.Error(), want) {
				t.Errorf("%s: got %q, want it to say %q", name, err, want)
			}
		}
	}
}

func TestWhatIsNotAllowedIsToldWithItsLine(t *testing.T) {
	f, err := declare.Parse("f.yaml", []byte(whole))
	if err != nil {
		t.Fatal(err)
	}
	for field, want := range map[string]string{"id_token_alg": "f.yaml:13: ", "redirect_uris": "f.yaml:6: ", "unheard": "f.yaml:3: "} {
		err := f.Locate(&client.WantedError{ID: "mail", Err: &client.InvalidError{Field: field}})
		var invalid *client.InvalidError
		if !strings.HasPrefix(err.Error(), want) || !errors.As(err, &invalid) {
			t.Errorf("%s: got %v, want %s", field, err, want)
		}
	}
	other := errors.New("another")
	if f.Locate(other) != other {
		t.Error("an error about no client was changed")
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(whole))
	f.Add([]byte("clients: [{client_id: a, jwks: {1: 2}}, *a]"))
	f.Add([]byte("clients: &a [*a]"))
	f.Add([]byte("? [clients]\n: []"))
	f.Fuzz(func(t *testing.T, text []byte) {
		file, err := declare.Parse("f.yaml", text)
		if err != nil {
			return
		}
		seen := map[string]bool{}
		for _, c := range file.Clients {
			if c.ID == "" || seen[c.ID] {
				t.Errorf("got the client %q without an id of its own", c.ID)
			}
			seen[c.ID] = true
		}
	})
}

func TestTheRulesOfAFileAreReadWithIt(t *testing.T) {
	for text, want := range map[string]*declare.Policy{
		"clients: []":  nil,
		"policy: null": {Gone: true},
		"policy:":      {Gone: true},
		"policy: []":   {Text: "[]\n"},
		"policy:\n  # why\n  - {name: office, factor: \"off\"}\n": {
			Text: "# why\n- {name: office, factor: \"off\"}\n", Rules: []mfa.Rule{{Name: "office", Factor: mfa.Off}},
		},
	} {
		f, err := declare.Parse("f.yaml", []byte(text))
		if err != nil || !reflect.DeepEqual(f.Policy, want) {
			t.Errorf("%q: got %+v, %v, want %+v", text, f.Policy, err, want)
		}
		if err == nil && f.Lists != strings.HasPrefix(text, "clients") {
			t.Errorf("%q: got a list of clients: %v", text, f.Lists)
		}
	}
}
