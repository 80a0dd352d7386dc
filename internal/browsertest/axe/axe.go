// Package axe looks for accessibility violations on a page with axe-core, the rules
// that accessibility tools share. axe-core comes from npm into this folder and is not
// part of the repository: npm ci.
package axe

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// A Page is a tab of either browser.
type Page interface {
	Eval(expression string, into any)
}

// A Violation is a rule that parts of a page break.
type Violation struct {
	Rule   string `json:"id"`
	Impact string `json:"impact"`
	Help   string `json:"help"`
	Nodes  []Node `json:"nodes"`
}

// A Node is one part of a page that breaks a rule.
type Node struct {
	HTML    string `json:"html"`
	Summary string `json:"failureSummary"`
}

// String returns the violation with everything needed to mend it.
func (v Violation) String() string {
	lines := []string{fmt.Sprintf("%s (%s): %s", v.Rule, v.Impact, v.Help)}
	for _, n := range v.Nodes {
		lines = append(lines, "  "+n.HTML, "    "+strings.ReplaceAll(n.Summary, "\n", "\n    "))
	}
	return strings.Join(lines, "\n")
}

// Violations returns the rules that the page breaks as it is now, on the screen it is
// shown on. The content security policy of the page may be as strict as it likes.
func Violations(t testing.TB, page Page) []Violation {
	t.Helper()
	const run = `
		return axe.run(document, { resultTypes: ["violations"] }).then(({ violations }) => violations.map(
			({ id, impact, help, nodes }) => ({ id, impact, help, nodes: nodes.map(
				({ html, failureSummary }) => ({ html, failureSummary })) })));`
	var found []Violation
	page.Eval("(() => {"+rules(t)+"\n"+run+"})()", &found)
	return found
}

// rules returns axe-core as npm has put it into this folder.
func rules(t testing.TB) string {
	t.Helper()
	root, err := moduleRoot()
	if err != nil {
		t.Fatal(err)
	}
	const folder = "internal/browsertest/axe"
	source, err := os.ReadFile(filepath.Join(root, folder, "node_modules/axe-core/axe.min.js"))
	if errors.Is(err, fs.ErrNotExist) {
		t.Fatalf("axe-core is not installed: run npm ci in %s (Debian packages nodejs and npm)", folder)
	}
	if err != nil {
		t.Fatal(err)
	}
	return string(source)
}

// moduleRoot returns the folder of go.mod: tests run in the folder of their package.
func moduleRoot() (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir, nil
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			return "", errors.New("no go.mod above the test's folder")
		}
		dir = parent
	}
}
