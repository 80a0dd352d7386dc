package page

import (
	"html/template"
	"strings"
	"testing"
	"text/template/parse"
)

func TestFoldingChangesNoPage(t *testing.T) {
	funcs := template.FuncMap{
		"text": func(key string, args ...any) string { return key + ` <&"'> ` + strings.Repeat("x", len(args)) },
		"org":  func() Brand { return Brand{Name: `O'Neil & "Sons"`} },
	}
	const page = `{{define "title"}}{{text "title"}}{{end}}
<title>{{template "title" .}} · {{(org).Name}}</title>
<p class="{{text "class"}}" title='{{text "single"}}'>{{text "plain" "a" 1}}{{text .Name}}{{if .Name}}{{text "inside"}}{{else}}{{(org).Name}}{{end}}</p>
{{range .List}}{{text "each"}} {{.}}{{end}}{{with .Name}}{{. | text}}{{text "x" | text}}{{end}}
<a href="{{text "/a?b=1"}}">{{$v := text "kept"}}{{$v}}</a>`
	data := map[string]any{"Name": "<Ann>", "List": []string{"1", "<2>"}}
	draw := func(t2 *template.Template) string {
		var out strings.Builder
		if err := t2.Execute(&out, data); err != nil {
			t.Fatal(err)
		}
		return out.String()
	}
	plain := template.Must(template.New("page").Funcs(funcs).Parse(page))
	folded := template.Must(template.New("page").Funcs(funcs).Parse(page))
	if err := fold(folded, funcs); err != nil {
		t.Fatal(err)
	}
	left := 0
	for _, n := range folded.Tree.Root.Nodes {
		if n.Type() == parse.NodeAction {
			left++
		}
	}
	if left != 3 { // {{text .Name}} and what has to do with $v
		t.Errorf("%d actions are left on the top level, want 3", left)
	}
	// Where an address is expected html/template writes spaces and quotes otherwise; pages use
	// plain addresses there.
	unify := strings.NewReplacer("%20", " ", "%3c", "&lt;", "%3e", "&gt;", "%22", "&#34;", "%27", "&#39;")
	if want, got := unify.Replace(draw(plain)), unify.Replace(draw(folded)); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

func TestATextThatIsMissingIsAnErrorAtStart(t *testing.T) {
	funcs := template.FuncMap{"text": readForTest(t).text}
	bad := template.Must(template.New("page").Funcs(funcs).Parse(`<p>{{text "no.such.text"}}</p>`))
	if err := fold(bad, funcs); err == nil {
		t.Error("got no error for a text that is not in the catalogue")
	}
}

func readForTest(t *testing.T) texts {
	t.Helper()
	all, err := readTexts()
	if err != nil {
		t.Fatal(err)
	}
	return all
}
