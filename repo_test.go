// Package nod_test watches over the shape of the repository: which room may import
// which, which modules may be used and why, and that the two engines' migrations
// stay in step.
package nod_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"go/parser"
	"go/token"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

const module = "github.com/nod-idp/nod"

// rooms in the direction a login travels. A room may use any room further down and
// none further up.
var rooms = []string{"cmd", "web", "idp", "mfa", "devices", "internal", "migrations"}

// forbidden holds what else may not be imported where, each with its reason.
var forbidden = []struct{ from, to, reason string }{
	{"devices/simulator", "devices", "the simulator is a phone: it knows the protocol and nothing of the server"},
	{"devices/protocol", "internal", "the protocol is pure, so that any client can use it"},
	{"devices/otp", "internal", "passcodes are arithmetic"},
	{"mfa", "idp", "mfa knows a person as an id"},
	{"internal/db", "internal/audit", "the database knows no domain"},
	{"internal/seal", "internal/db", "sealing is arithmetic"},
}

// keepers are modules that only one folder may import.
var keepers = map[string][]string{
	"github.com/anishathalye/porcupine": {"internal/history"},
	"github.com/boombuler/barcode":      {"web/page"},
	"github.com/zitadel/oidc/v3":        {"web/oidc"},
	"github.com/pquerna/otp":            {"devices/otp"},
	"github.com/go-webauthn/webauthn":   {"devices/credential", "mfa/passkey"},
	"github.com/jackc/pgx/v5":           {"internal/db"},
	"modernc.org/sqlite":                {"internal/db"},
	"github.com/spf13/cobra":            {"cmd/nod"},
	"go.yaml.in/yaml/v3":                {"cmd/nod"},
	"github.com/coreos/go-oidc/v3":      {"cmd/nod/demo", "cmd/nod/e2e", "web/oidc", "idp/token"},
	"golang.org/x/oauth2":               {"cmd/nod/demo", "cmd/nod/e2e", "web/oidc"},
}

type pkg struct {
	ImportPath, Dir                    string
	Imports, TestImports, XTestImports []string
}

func packages(t *testing.T) []pkg {
	t.Helper()
	out, err := exec.Command("go", "list", "-json=ImportPath,Dir,Imports,TestImports,XTestImports", "./...").Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	var all []pkg
	for dec := json.NewDecoder(strings.NewReader(string(out))); ; {
		var p pkg
		err := dec.Decode(&p)
		if errors.Is(err, io.EOF) {
			return all
		}
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, p)
	}
}

func inside(importPath string) (string, bool) {
	if importPath == module {
		return "", true
	}
	return strings.CutPrefix(importPath, module+"/")
}

func under(p, folder string) bool { return p == folder || strings.HasPrefix(p, folder+"/") }

func room(p string) int { return slices.Index(rooms, strings.SplitN(p, "/", 2)[0]) }

func TestArrowsRunOneWay(t *testing.T) {
	for _, p := range packages(t) {
		from, _ := inside(p.ImportPath)
		if from == "" {
			continue
		}
		if room(from) < 0 {
			t.Errorf("%s is in no room; the rooms are %v", from, rooms)
		}
		for _, imported := range p.Imports {
			to, ours := inside(imported)
			if !ours {
				continue
			}
			if room(to) < room(from) {
				t.Errorf("%s imports %s, which is further up", from, to)
			}
			if surface(from) != "" && surface(to) != "" && surface(from) != surface(to) {
				t.Errorf("%s imports %s: surfaces never import each other", from, to)
			}
			for _, f := range forbidden {
				if under(from, f.from) && (to == f.to || f.to != "devices" && under(to, f.to)) {
					t.Errorf("%s imports %s: %s", from, to, f.reason)
				}
			}
		}
	}
}

// surface returns the surface of web that a package belongs to, "" for what they
// share.
func surface(p string) string {
	rest, ok := strings.CutPrefix(p, "web/")
	if !ok || rest == "guard" || rest == "page" || rest == "cookie" {
		return ""
	}
	return strings.SplitN(rest, "/", 2)[0]
}

func TestModulesStayWhereTheyBelong(t *testing.T) {
	for _, p := range packages(t) {
		from, _ := inside(p.ImportPath)
		for _, imported := range slices.Concat(p.Imports, p.TestImports, p.XTestImports) {
			for mod, homes := range keepers {
				if under(imported, mod) && !slices.ContainsFunc(homes, func(h string) bool { return under(from, h) }) {
					t.Errorf("%s imports %s, which belongs in %v", from, imported, homes)
				}
			}
		}
	}
}

func TestEveryPackageSaysWhatItOwns(t *testing.T) {
	for _, p := range packages(t) {
		files, err := filepath.Glob(filepath.Join(p.Dir, "*.go"))
		if err != nil {
			t.Fatal(err)
		}
		var with []string
		sources := 0
		for _, file := range files {
			if strings.HasSuffix(file, "_test.go") {
				continue
			}
			sources++
			parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.PackageClauseOnly|parser.ParseComments)
			if err != nil {
				t.Fatal(err)
			}
			if parsed.Doc != nil {
				with = append(with, filepath.Base(file))
			}
		}
		if sources > 0 && len(with) != 1 {
			t.Errorf("%s: got %d package comments (%v), want one", p.ImportPath, len(with), with)
		}
	}
}

func TestEveryModuleHasAReason(t *testing.T) {
	out, err := exec.Command("go", "list", "-m", "-f", "{{if not .Indirect}}{{.Path}}{{end}}", "all").Output()
	if err != nil {
		t.Fatalf("go list -m: %v", err)
	}
	used := map[string]bool{}
	for _, mod := range strings.Fields(string(out)) {
		if mod == module {
			continue
		}
		used[mod] = true
		if reasons[mod] == "" {
			t.Errorf("%s is not on the allow-list: why is it needed?", mod)
		}
	}
	for mod := range reasons {
		if !used[mod] {
			t.Errorf("%s is on the allow-list and not used any more", mod)
		}
	}
}

var (
	statement = regexp.MustCompile(`(?s)CREATE (TABLE|UNIQUE INDEX|INDEX) (\w+)(.*?);`)
	addition  = regexp.MustCompile(`ALTER TABLE (\w+) ADD COLUMN (\w+)`)
)

func TestTheTwoEnginesHaveTheSameSchema(t *testing.T) {
	ours, theirs := schema(t, "sqlite"), schema(t, "postgres")
	for key, columns := range ours {
		if got := theirs[key]; !slices.Equal(got, columns) {
			t.Errorf("%s: postgres has %v, sqlite has %v", key, got, columns)
		}
	}
	for key := range theirs {
		if _, ok := ours[key]; !ok {
			t.Errorf("%s is in postgres only", key)
		}
	}
}

// schema returns, for every table and index of every migration, the names of its
// columns in order.
func schema(t *testing.T, engine string) map[string][]string {
	t.Helper()
	all := map[string][]string{}
	files, err := fs.Glob(os.DirFS("migrations/"+engine), "*.sql")
	if err != nil || len(files) == 0 {
		t.Fatalf("no migrations for %s: %v", engine, err)
	}
	for _, file := range files {
		text, err := os.ReadFile(path.Join("migrations", engine, file))
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range addition.FindAllStringSubmatch(string(text), -1) {
			key := file + " COLUMNS OF " + m[1]
			all[key] = append(all[key], m[2])
		}
		for _, m := range statement.FindAllStringSubmatch(string(text), -1) {
			key := fmt.Sprintf("%s %s %s", file, m[1], m[2])
			if m[1] != "TABLE" {
				all[key] = []string{strings.Join(strings.Fields(m[3]), " ")}
				continue
			}
			for _, line := range strings.Split(m[3], "\n") {
				fields := strings.Fields(line)
				if len(fields) > 1 && fields[0] == strings.ToLower(fields[0]) && fields[0] != "(" && fields[0] != ")" {
					all[key] = append(all[key], fields[0])
				}
			}
		}
	}
	return all
}

func TestNoFileIsLong(t *testing.T) {
	out, err := exec.Command("git", "ls-files", "*.go", "*.js", "*.css", "*.html").Output()
	if err != nil {
		t.Fatalf("git ls-files: %v", err)
	}
	for _, file := range strings.Fields(string(out)) {
		text, err := os.ReadFile(file)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		if n := strings.Count(string(text), "\n"); n > 400 {
			t.Errorf("%s has %d lines: which idea in it wants a file of its own?", file, n)
		}
	}
}

func TestTheBinaryHoldsNoGRPC(t *testing.T) {
	out, err := exec.Command("go", "list", "-deps", "./cmd/nod").Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	for _, p := range strings.Fields(string(out)) {
		if under(p, "google.golang.org/grpc") {
			t.Errorf("%s is in the binary: it costs megabytes, and nothing of nod speaks it", p)
		}
	}
}
