package doctor

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/nod-idp/nod/idp/entra"
	"github.com/nod-idp/nod/idp/entra/fake"
	"github.com/nod-idp/nod/internal/formbrowser"
)

// stage is where requests are sent to, in the name of a registration.
type stage struct {
	entra     *fake.Entra
	tenant    entra.Tenant
	reg       fake.Registration
	authorize string
}

// account is nobody's: a conversation gets as far as the person, and disturbs none.
var account = fake.Account{OID: "00000000-0000-4000-8000-000000000000", Subject: "nod-doctor", Name: "doctor@nod.invalid"}

// guid makes an id such as Microsoft's.
func guid() string {
	b := make([]byte, 16)
	rand.Read(b) // it never fails
	h := hex.EncodeToString(b)
	return h[:8] + "-" + h[8:12] + "-" + h[12:16] + "-" + h[16:20] + "-" + h[20:]
}

// converse talks to the running server. For each cloud a registration is added whose hints
// a small Entra of our own signs, and removed afterwards.
func (e *examination) converse(m fake.Metadata) {
	const area = "Conversation with the running server"
	small, err := fake.Start()
	if err != nil {
		e.found(area, "it was held", Failed, "", "%v", err)
		return
	}
	defer func() { _ = small.Close() }()
	for _, cloud := range entra.Clouds() {
		if !e.converseAs(area, small, cloud, m) {
			return
		}
	}
}

func (e *examination) converseAs(area string, small *fake.Entra, cloud entra.Cloud, m fake.Metadata) (goOn bool) {
	t, err := e.Tenants.Add(e.ctx, entra.Tenant{
		Name: "doctor " + guid(), TenantID: guid(), AppID: e.Tenant.AppID, ClientID: e.Tenant.ClientID, Cloud: cloud, Authority: small.URL,
	})
	if err != nil {
		e.found(area, "a registration for the conversation was made", Failed, "", "%v", err)
		return false
	}
	defer func() {
		if err := e.Tenants.Remove(context.WithoutCancel(e.ctx), t.ID); err != nil {
			e.found(area, "the registration for the conversation was removed", Failed, "nod entra remove '"+t.Name+"'", "%v", err)
		}
	}()
	base := strings.TrimSuffix(m.Authorization, e.Tenant.ID+entra.AuthorizePath)
	s := stage{entra: small, tenant: t, reg: fake.Registration{Tenant: t.TenantID, ClientID: t.ClientID, ReplyURL: t.ReplyURL()}, authorize: base + t.ID + entra.AuthorizePath}
	time.Sleep(500 * time.Millisecond) // until every process has noticed
	lines := conversation()
	if cloud != entra.Global {
		lines = lines[:1] // the rest is the same
	}
	began := time.Now()
	for _, line := range lines {
		got, err := line.say(e.ctx, s)
		name := line.name
		if cloud != entra.Global {
			name = "a hint of the cloud " + string(cloud) + " is taken, and answered at its address"
		}
		switch {
		case err != nil:
			e.found(area, name, Failed, "", "%v", err)
		case got == "temporarily_unavailable" && line.want != got:
			e.found(area, name, Skipped, "Run the doctor on the machine of the server.", "the server cannot fetch keys from this machine's loopback address, so no conversation can be held")
			return false
		case got != line.want:
			e.found(area, name, Failed, "This is a fault of nod's. Please report it.", "the server says %s, and should say %s", got, line.want)
		default:
			e.found(area, name, OK, "", "%s", inWords(got))
		}
	}
	if cloud == entra.Global {
		each := time.Since(began) / time.Duration(len(lines))
		e.budget(area, each)
	}
	return true
}

// inWords says what an answer means.
func inWords(got string) string {
	switch got {
	case taken:
		return "taken; Entra is told access_denied, since the account it names is nobody's"
	case unmet:
		return "Entra is told " + unmet + ", since that cannot be said honestly"
	}
	if status, found := strings.CutPrefix(got, "page "); found {
		return "the person gets a page (" + status + ") and Entra nothing"
	}
	return "Entra is told " + got
}

// budget is what Entra's five minutes go on.
func (e *examination) budget(area string, each time.Duration) {
	const name = "a sign-in fits into five minutes"
	if each > 5*time.Second {
		e.found(area, name, Warning, "Look what makes the server slow.", "each request takes %s", each.Round(time.Millisecond))
		return
	}
	e.found(area, name, OK, "", "each request takes %s, which leaves the five minutes to the person; a request to the phone waits for two of them unless approval_window says otherwise",
		each.Round(time.Millisecond))
}

// line is something that Entra could send, and what comes of it.
type line struct {
	name    string
	before  func(*fake.Entra) error
	hint    func(fake.Claims)
	raw     func(hint string) string // what becomes of it before it is sent
	request func(url.Values)
	twice   bool
	want    string // an error code that Entra is told, or "page" and a status
}

// taken is what becomes of a hint that is good: it is nobody's account.
const taken = "access_denied"

// unmet is what Entra is told if nothing that it asks for can be met.
const unmet = "unmet_authentication_requirements"

func conversation() []line {
	lines := []line{
		{name: "a hint that is issued as expired is taken", want: taken},
		{name: "a hint by a new key is taken", before: (*fake.Entra).Rotate, want: taken},
		{name: "a hint that is older than five minutes is refused", hint: func(c fake.Claims) { c["iat"] = time.Now().Add(-6 * time.Minute).Unix() }, want: "invalid_request"},
		{name: "a hint for another application is refused", hint: func(c fake.Claims) { c["aud"] = guid() }, want: "invalid_request"},
		{name: "a hint of another tenant is refused", hint: func(c fake.Claims) { c["tid"] = guid() }, want: "invalid_request"},
		{name: "a hint by another tenant's issuer is refused", hint: func(c fake.Claims) { c["iss"] = "https://login.microsoftonline.com/" + guid() + "/v2.0" }, want: "invalid_request"},
		{name: "a hint that was tampered with is refused", raw: func(h string) string {
			parts := strings.Split(h, ".")
			return parts[0] + "." + parts[1][:len(parts[1])-4] + "AAAA." + parts[2]
		}, want: "invalid_request"},
		{name: "a hint that was used before is refused, with a page that says to start again", twice: true, want: fmt.Sprint("page ", http.StatusConflict)},
		{name: "an answer to a foreign address is refused", request: func(v url.Values) { v.Set("redirect_uri", "https://evil.example/collect") }, want: fmt.Sprint("page ", http.StatusBadRequest)},
		{name: "another client id is refused", request: func(v url.Values) { v.Set("client_id", "somebody-else") }, want: fmt.Sprint("page ", http.StatusBadRequest)},
		{name: "a request without claims is refused", request: func(v url.Values) { v.Del("claims") }, want: "invalid_request"},
	}
	for _, acr := range fake.ACR {
		want := unmet
		if slices.Contains(entra.ACRs(), acr) {
			want = taken
		}
		lines = append(lines, line{name: "the class " + acr, request: func(v url.Values) { v.Set("claims", fake.Wanted([]string{acr}, fake.AMR)) }, want: want})
	}
	for _, amr := range fake.AMR {
		want := unmet
		if slices.Contains([]string{"fido", "otp", "pop", "swk"}, amr) {
			want = taken
		}
		lines = append(lines, line{name: "the method " + amr, request: func(v url.Values) { v.Set("claims", fake.Wanted(fake.ACR[:1], []string{amr})) }, want: want})
	}
	return lines
}

// say sends the request and tells what came back.
func (l line) say(ctx context.Context, s stage) (string, error) {
	if l.before != nil {
		if err := l.before(s.entra); err != nil {
			return "", err
		}
	}
	hint, err := s.entra.Hint(s.reg, account, l.hint)
	if err != nil {
		return "", err
	}
	if l.raw != nil {
		hint = l.raw(hint)
	}
	request := s.reg.Request(hint)
	if l.request != nil {
		l.request(request)
	}
	got, err := s.send(ctx, request)
	if err == nil && l.twice {
		got, err = s.send(ctx, request)
	}
	return got, err
}

// send is one request by a browser that was never here before.
func (s stage) send(ctx context.Context, request url.Values) (string, error) {
	b := formbrowser.New(nil)
	b.Leaves = func(u *url.URL) bool { return u.String() == s.tenant.ReplyURL() }
	page, err := b.FromSite(ctx, "https://login.microsoftonline.com", s.authorize, request)
	if err != nil {
		return "", err
	}
	if !page.Has("continue") {
		return fmt.Sprint("page ", page.Status), nil
	}
	end, err := b.Press(ctx, page, "continue", nil)
	if err != nil {
		return "", err
	}
	answer, err := url.ParseQuery(end.Body)
	switch {
	case err != nil:
		return "", err
	case end.URL.String() != s.tenant.ReplyURL():
		return "", fmt.Errorf("the answer goes to %s", end.URL)
	case answer.Get("state") != request.Get("state"):
		return "", fmt.Errorf("the state came back as %q", answer.Get("state"))
	case answer.Has("id_token"):
		return "an ID token", nil
	}
	return answer.Get("error"), nil
}
