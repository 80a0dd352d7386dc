package entra_test

import (
	"errors"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/nod-idp/nod/idp"
	"github.com/nod-idp/nod/idp/entra"
	"github.com/nod-idp/nod/idp/entra/fake"
	"github.com/nod-idp/nod/mfa"
)

func TestARequestOfEntraBeginsALogin(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.link()
		w.clock = w.clock.Add(time.Minute) // the hint took its time
		must(t, w.begin(w.hint(func(c fake.Claims) { c["iat"] = w.clock.Add(-time.Minute).Unix() }), nil))
		if len(w.logins.begun) != 1 {
			t.Fatalf("got %d logins, want 1", len(w.logins.begun))
		}
		got := w.logins.begun[0]
		if got.userID != w.alice.ID || got.issuer != "entra:"+w.tenant.ID || got.request.Foreign.Subject != account.Subject || got.request.Nonce == "" {
			t.Errorf("got %+v", got)
		}
		if want := w.clock.Add(4 * time.Minute); !got.until.Equal(want) {
			t.Errorf("it waits until %v, want %v: five minutes from iat", got.until, want)
		}
		if w.audited("entra.hint", "ok") != 1 {
			t.Error("nothing in the journal")
		}
	})
}

func TestHintsThatAreRefused(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.link()
		elsewhere, err := fake.Start()
		must(t, err)
		defer func() { _ = elsewhere.Close() }()
		must(t, elsewhere.Rotate())
		elsewhere.Now = func() time.Time { return w.clock }
		other := "11111111-2222-3333-4444-555555555555"
		stolen, err := elsewhere.Hint(w.reg, account, func(c fake.Claims) { c["iss"] = w.fake.URL + "/" + tid + "/v2.0" })
		must(t, err)
		set := func(name string, value any) string {
			return w.hint(func(c fake.Claims) {
				if c[name] = value; value == nil {
					delete(c, name)
				}
			})
		}
		good := w.hint(nil)
		parts := strings.Split(good, ".")
		for name, row := range map[string]struct {
			hint string
			want error
		}{
			"the issuer of another tenant":    {set("iss", w.fake.URL+"/"+other+"/v2.0"), entra.ErrHint},
			"the issuer of a real cloud":      {set("iss", "https://login.microsoftonline.com/"+tid+"/v2.0"), entra.ErrHint},
			"version 1 of the issuer":         {set("iss", "https://sts.windows.net/"+tid+"/"), entra.ErrHint},
			"the tid of another tenant":       {set("tid", other), entra.ErrHint},
			"no tid":                          {set("tid", nil), entra.ErrHint},
			"the audience of somebody else":   {set("aud", other), entra.ErrHint},
			"several audiences":               {set("aud", []string{"nod", other}), entra.ErrHint},
			"no audience":                     {set("aud", nil), entra.ErrHint},
			"no subject":                      {set("sub", nil), entra.ErrHint},
			"no account":                      {set("oid", nil), entra.ErrHint},
			"an endless account":              {set("oid", strings.Repeat("a", 300)), entra.ErrHint},
			"no time":                         {set("iat", nil), entra.ErrHint},
			"a time that is none":             {set("iat", "soon"), entra.ErrHint},
			"issued five minutes ago":         {set("iat", w.clock.Add(-5*time.Minute-time.Second).Unix()), entra.ErrStale},
			"issued in the future":            {set("iat", w.clock.Add(2*time.Minute).Unix()), entra.ErrHint},
			"not valid yet":                   {set("nbf", w.clock.Add(2*time.Minute).Unix()), entra.ErrHint},
			"signed by somebody else":         {stolen, entra.ErrHint},
			"tampered with":                   {parts[0] + "." + parts[1][:len(parts[1])-6] + "AAAAAA." + parts[2], entra.ErrHint},
			"without a signature":             {parts[0] + "." + parts[1] + ".", entra.ErrHint},
			"by none":                         {"eyJhbGciOiJub25lIn0." + parts[1] + ".", entra.ErrHint},
			"by an HMAC with the public key":  {"eyJhbGciOiJIUzI1NiIsImtpZCI6ImEifQ." + parts[1] + "." + parts[2], entra.ErrHint},
			"something else":                  {"hello", entra.ErrHint},
			"nothing":                         {"", entra.ErrHint},
			"endless":                         {strings.Repeat("a", 20000), nil},
			"the whole hint with white space": {good + "\n", nil},
		} {
			err := w.begin(row.hint, nil)
			var failure *entra.Failure
			if !errors.As(err, &failure) || failure.Code != idp.InvalidRequest || row.want != nil && !errors.Is(err, row.want) {
				t.Errorf("%s: got %v, want %v", name, err, row.want)
			}
		}
		if len(w.logins.begun) != 0 {
			t.Errorf("%d of them began a login", len(w.logins.begun))
		}
		must(t, w.begin(good, nil))
		must(t, w.begin(set("aud", appID), nil)) // the application goes by either
	})
}

func TestAHintWorksOnce(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.link()
		hint := w.hint(nil)
		must(t, w.begin(hint, nil))
		if err := w.begin(hint, nil); !errors.Is(err, entra.ErrReplayed) {
			t.Errorf("the second time: got %v", err)
		}
		// The last character of a signature of 256 bytes holds four bits that nobody reads.
		if err := w.begin(hint[:len(hint)-1]+next(hint[len(hint)-1]), nil); err == nil {
			t.Error("written in another way it works again")
		}
		unmet := w.hint(nil)
		fail := func(v url.Values) { v.Set("claims", fake.Wanted([]string{"knowledge"}, fake.AMR)) }
		if err := w.begin(unmet, fail); !errors.Is(err, entra.ErrUnmet) {
			t.Errorf("got %v", err)
		}
		if err := w.begin(unmet, nil); !errors.Is(err, entra.ErrReplayed) {
			t.Errorf("after a refusal: got %v", err)
		}
	})
}

// next is another character that stands for the same first bits.
func next(c byte) string {
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
	return string(alphabet[strings.IndexByte(alphabet, c)^1])
}

func TestOfManyHandsOneUsesAHint(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.link()
		hint := w.hint(nil)
		must(t, w.begin(w.hint(nil), nil)) // the keys are there
		var wg sync.WaitGroup
		var mu sync.Mutex
		through := 0
		for range 16 {
			wg.Go(func() {
				_, err := w.Begin(t.Context(), w.tenant, w.reg.Request(hint), idp.Browser{IP: "192.0.2.1"})
				mu.Lock()
				defer mu.Unlock()
				if err == nil {
					through++
				} else if !errors.Is(err, entra.ErrReplayed) {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		if through != 1 {
			t.Errorf("%d got through, want 1", through)
		}
	})
}

func TestRequestsThatAreRefused(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.link()
		set := func(name string, values ...string) func(url.Values) {
			return func(v url.Values) { v[name] = values }
		}
		for name, row := range map[string]struct {
			change func(url.Values)
			code   string // "" for ErrForeign
		}{
			"another client":              {set("client_id", "nod2"), ""},
			"no client":                   {set("client_id"), ""},
			"two clients":                 {set("client_id", "nod", "nod"), ""},
			"another address":             {set("redirect_uri", "https://login.microsoftonline.com/common/federation/externalauthprovider"), ""},
			"an address below ours":       {set("redirect_uri", "http://127.0.0.1:9/"), ""},
			"two addresses":               {set("redirect_uri", "http://127.0.0.1:9", "http://127.0.0.1:9"), ""},
			"another response type":       {set("response_type", "code"), idp.UnsupportedResponseType},
			"another response mode":       {set("response_mode", "query"), idp.InvalidRequest},
			"no openid":                   {set("scope", "profile"), idp.InvalidScope},
			"no nonce":                    {set("nonce"), idp.InvalidRequest},
			"two nonces":                  {set("nonce", "a", "b"), idp.InvalidRequest},
			"an endless state":            {set("state", strings.Repeat("a", 9000)), idp.InvalidRequest},
			"a state with a control":      {set("state", "a\x00"), idp.InvalidRequest},
			"claims that are no JSON":     {set("claims", "{"), idp.InvalidRequest},
			"claims of another form":      {set("claims", `{"id_token":{"acr":{"values":[1]}}}`), idp.InvalidRequest},
			"no claims":                   {set("claims"), idp.InvalidRequest},
			"claims that ask for nothing": {set("claims", "{}"), "unmet_authentication_requirements"},
			"no method that we have":      {set("claims", fake.Wanted(fake.ACR, []string{"face", "fpt", "hwk", "iris", "retina", "sc", "sms", "tel", "vbm"})), "unmet_authentication_requirements"},
			"no class that we have":       {set("claims", fake.Wanted([]string{"knowledge", "inherence", "knowledgeorinherence"}, fake.AMR)), "unmet_authentication_requirements"},
			"no hint":                     {set("id_token_hint"), idp.InvalidRequest},
		} {
			err := w.begin(w.hint(nil), row.change)
			var failure *entra.Failure
			switch {
			case row.code == "" && !errors.Is(err, entra.ErrForeign):
				t.Errorf("%s: got %v, want ErrForeign", name, err)
			case row.code != "" && (!errors.As(err, &failure) || failure.Code != row.code):
				t.Errorf("%s: got %v, want %s", name, err, row.code)
			}
		}
		if len(w.logins.begun) != 0 {
			t.Errorf("%d of them began a login", len(w.logins.begun))
		}
	})
}

func TestPeopleAreFoundByTheirAccountAndByNothingElse(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		must(t, w.begin(w.hint(nil), nil)) // codes are allowed
		if got := w.logins.begun[0]; got.userID != "" {
			t.Errorf("found %s by a name", got.userID)
		}
		strict, err := w.Add(t.Context(), entra.Tenant{Name: "strict", TenantID: tid, AppID: appID, ClientID: "nod", Authority: w.fake.URL, Reply: "http://127.0.0.1:9"})
		must(t, err)
		w.link()
		must(t, w.begin(w.hint(func(c fake.Claims) { c["oid"] = strings.ToUpper(account.OID) }), nil))
		if got := w.logins.begun[1]; got.userID != w.alice.ID {
			t.Errorf("not found by the id in capitals: %+v", got)
		}
		w.tenant = strict // the link belongs to the other one
		if err := w.begin(w.hint(nil), nil); !errors.Is(err, entra.ErrUnlinked) {
			t.Errorf("at another tenant: got %v", err)
		}
		w.link()
		must(t, w.users.Disable(t.Context(), w.alice.ID))
		if err := w.begin(w.hint(nil), nil); !errors.Is(err, entra.ErrUnlinked) {
			t.Errorf("disabled: got %v", err)
		}
		if w.audited("entra.hint", "refused") != 2 {
			t.Error("the refusals are not in the journal")
		}
	})
}

func TestOnlyWaysThatLeadToAnAnswerAreTaken(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.link()
		for _, row := range []struct {
			amr  []string
			want []mfa.Method
		}{
			{fake.AMR, []mfa.Method{mfa.MethodPush, mfa.MethodPasscode, mfa.MethodPasskey}},
			{[]string{"otp"}, []mfa.Method{mfa.MethodPush, mfa.MethodPasscode}},
			{[]string{"swk"}, []mfa.Method{mfa.MethodPush}},
			{[]string{"fido"}, []mfa.Method{mfa.MethodPasskey}},
			{without(fake.AMR, "fido"), []mfa.Method{mfa.MethodPush, mfa.MethodPasscode, mfa.MethodPasskey}},
		} {
			must(t, w.begin(w.hint(nil), func(v url.Values) { v.Set("claims", fake.Wanted(fake.ACR[:1], row.amr)) }))
			got := w.logins.begun[len(w.logins.begun)-1].request.Foreign.Methods
			if len(got) != len(row.want) {
				t.Errorf("%v: got %v, want %v", row.amr, got, row.want)
			}
		}
	})
}
