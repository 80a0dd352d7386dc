package entra

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/nod-idp/nod/mfa"
)

func FuzzClaims(f *testing.F) {
	for _, seed := range []string{
		"", "{}", "null", `{"id_token":null}`, `{"id_token":{"acr":{"essential":true,"values":["possessionorinherence"]},"amr":{"values":["otp","swk"]}}}`,
		`{"id_token":{"acr":{"value":"possession"},"amr":null}}`, `{"id_token":{"acr":{"values":[1]}}}`, `{"id_token":{"amr":{"values":["` + strings.Repeat("a", 65) + `"]}}}`,
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, raw string) {
		wanted, err := ParseClaims(raw)
		if err != nil {
			return
		}
		acr, met := wanted.acr()
		if met && !strings.Contains(raw, `"`) {
			t.Errorf("%q asks for %q", raw, acr)
		}
		for _, m := range wanted.methods() {
			amr, met := wanted.amr(m)
			if !met || m == mfa.MethodRecovery || amr == "" {
				t.Errorf("%q leads to %s by %q", raw, m, amr)
			}
		}
	})
}

func FuzzAccounts(f *testing.F) {
	for _, seed := range []string{"", "id,userPrincipalName\na,b\n", "\uFEFFObject Id;user\n", "id,user\n\"a\nb\",c\n", "id,user,id\n1,2,3\n", "id,user\na,\xff\n"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, list string) {
		accounts, err := ReadAccounts(strings.NewReader(list))
		if err == nil && len(accounts) == 0 {
			t.Error("neither accounts nor a fault")
		}
		seen := map[string]bool{}
		for _, a := range accounts {
			if a.OID == "" || a.UPN == "" && a.User == "" || seen[strings.ToLower(a.OID)] || a.Line < 2 {
				t.Errorf("got %+v", a)
			}
			seen[strings.ToLower(a.OID)] = true
		}
	})
}

// What is signed is judged; that it is signed is checked before.
func FuzzHint(f *testing.F) {
	now := time.Unix(1_800_000_000, 0)
	tenant := Tenant{TenantID: "9122040d-6c67-4c5b-b112-36a304b66dad", AppID: "app", ClientID: "nod", Cloud: Global}
	good, _ := json.Marshal(map[string]any{"iss": tenant.hintIssuer(), "aud": "nod", "tid": tenant.TenantID, "oid": "o", "sub": "s", "iat": now.Unix()})
	for _, seed := range []string{string(good), "", "{}", "[]", strings.Replace(string(good), "1800000000", "1.8e9", 1), strings.Replace(string(good), `"nod"`, `["nod"]`, 1), strings.Replace(string(good), `"iat"`, `"IAT"`, 1)} {
		f.Add([]byte(seed), seed)
	}
	f.Fuzz(func(t *testing.T, payload []byte, raw string) {
		if jws, err := parseHint(raw); err == nil && jws.Signatures[0].Protected.Algorithm != "RS256" {
			t.Errorf("%q passes", raw)
		}
		h, err := judge(tenant, payload, now)
		if err != nil {
			return
		}
		if h.Object == "" || h.Subject == "" || now.Sub(h.IssuedAt) > hintLife || h.IssuedAt.Sub(now) > skew {
			t.Errorf("%q passes as %+v", payload, h)
		}
		if !strings.Contains(string(payload), tenant.TenantID) && !strings.Contains(string(payload), `\u`) {
			t.Errorf("%q passes without the tenant", payload)
		}
	})
}
