package protocol

import (
	"bytes"
	"encoding/binary"
	"reflect"
	"slices"
	"testing"
	"testing/quick"
	"time"
)

func exampleApproval() Approval {
	return Approval{
		Issuer: "https://login.example.com", Challenge: "chl_1", Nonce: "bm9uY2U", Account: "usr_1", Device: "dev_1",
		Client: "mail",
		Context: Context{
			ClientName: "Mail", IP: "203.0.113.7", Place: "Zürich, CH", Browser: "Firefox 140", OS: "Linux", At: At(testNow),
		},
		Number: "42", Verdict: Approve, Expires: At(testNow.Add(2 * time.Minute)),
	}
}

// approvalChanges has one change for every field, and the fields of the context.
func approvalChanges() map[string]func(*Approval) {
	return map[string]func(*Approval){
		"issuer":      func(a *Approval) { a.Issuer += "/" },
		"challenge":   func(a *Approval) { a.Challenge = "chl_2" },
		"nonce":       func(a *Approval) { a.Nonce = "bm9uY2V" },
		"account":     func(a *Approval) { a.Account = "usr_2" },
		"device":      func(a *Approval) { a.Device = "dev_2" },
		"client":      func(a *Approval) { a.Client = "bank" },
		"client name": func(a *Approval) { a.Context.ClientName = "Bank" },
		"ip":          func(a *Approval) { a.Context.IP = "203.0.113.8" },
		"place":       func(a *Approval) { a.Context.Place = "" },
		"browser":     func(a *Approval) { a.Context.Browser = "Firefox 14" },
		"os":          func(a *Approval) { a.Context.OS = "0Linux" },
		"at":          func(a *Approval) { a.Context.At = At(testNow.Add(time.Millisecond)) },
		"message":     func(a *Approval) { a.Context.Message = "Till 3" },
		"number":      func(a *Approval) { a.Number = "43" },
		"verdict":     func(a *Approval) { a.Verdict = Deny },
		"expires":     func(a *Approval) { a.Expires = At(testNow.Add(3 * time.Minute)) },
	}
}

func TestEveryFieldMattersToTheApprovalHash(t *testing.T) {
	changes := approvalChanges()
	// The context is one field of the approval and stands for all of its own.
	if want := reflect.TypeFor[Approval]().NumField() - 1 + reflect.TypeFor[Context]().NumField(); len(changes) != want {
		t.Fatalf("got changes for %d fields, want %d", len(changes), want)
	}
	seen := map[[32]byte]string{ApprovalHash(exampleApproval()): "nothing"}
	for name, change := range changes {
		a := exampleApproval()
		change(&a)
		if before, taken := seen[ApprovalHash(a)]; taken {
			t.Errorf("changing %s: got the hash of changing %s", name, before)
		}
		seen[ApprovalHash(a)] = name
	}
}

func TestTheQuestionLeavesOutNumberAndVerdictAlone(t *testing.T) {
	plain := Question(exampleApproval())
	for name, change := range approvalChanges() {
		a := exampleApproval()
		change(&a)
		same := Question(a) == plain
		if want := name == "number" || name == "verdict"; same != want {
			t.Errorf("changing %s: got the same question %t, want %t", name, same, want)
		}
	}
	if plain == ApprovalHash(exampleApproval()) {
		t.Error("question and approval hash are the same")
	}
}

// decodeCanonical is the inverse of Canonical, which proves that no two
// sequences share an encoding.
func decodeCanonical(encoded []byte) ([]string, bool) {
	var fields []string
	for len(encoded) > 0 {
		if len(encoded) < 4 {
			return nil, false
		}
		length := binary.BigEndian.Uint32(encoded)
		if uint64(len(encoded)-4) < uint64(length) {
			return nil, false
		}
		fields = append(fields, string(encoded[4:4+length]))
		encoded = encoded[4+length:]
	}
	return fields, true
}

func TestNoTwoFieldTuplesShareAnEncoding(t *testing.T) {
	restored := func(fields []string) bool {
		got, ok := decodeCanonical(Canonical(fields...))
		return ok && slices.Equal(got, fields)
	}
	if err := quick.Check(restored, nil); err != nil {
		t.Error(err)
	}
	moved := func(a, b, c string) bool {
		return b == "" || !bytes.Equal(Canonical(a, b+c), Canonical(a+b, c))
	}
	if err := quick.Check(moved, nil); err != nil {
		t.Error(err)
	}
	for _, pair := range [][2]Context{
		{{ClientName: "ab"}, {ClientName: "a", IP: "b"}},
		{{IP: "\x00\x00\x00\x00"}, {Place: "\x00\x00\x00\x00"}},
		{{Browser: "1", OS: "2"}, {Browser: "12"}},
		{{Message: "1"}, {}},
	} {
		if bytes.Equal(pair[0].Canonical(), pair[1].Canonical()) {
			t.Errorf("%+v and %+v share an encoding", pair[0], pair[1])
		}
	}
}

func TestARequestAndItsServerBuildTheSameApproval(t *testing.T) {
	want := exampleApproval()
	request := Request{
		ID: "chl_1", Nonce: "bm9uY2U", Client: Client{ID: "mail", Name: "Mail"}, Account: "usr_1", Context: want.Context,
		CreatedAt: At(testNow), ExpiresAt: want.Expires, NewClient: true,
	}
	if got := request.Approval(want.Issuer, "dev_1", "42", Approve); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
}
