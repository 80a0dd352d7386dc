package page

import (
	"bytes"
	"fmt"
	"html/template"
	"io/fs"
	"net/http"
	"path"
	"strings"
)

// Set is the templates of one surface, each parsed over the layout.
type Set struct {
	pages map[string]*template.Template
}

// Set parses the templates in the folder "templates" of fsys. A file whose name begins with an underscore is shared
// by the others; every other file is a page and defines "title" and "main", and "head" if it needs to.
func (s *Site) Set(fsys fs.FS) (*Set, error) {
	layout, err := template.New("").Funcs(s.funcs()).ParseFS(templateFiles, "templates/_*.html")
	if err != nil {
		return nil, fmt.Errorf("parse layout: %w", err)
	}
	files, err := fs.Glob(fsys, "templates/*.html")
	if err != nil || len(files) == 0 {
		return nil, fmt.Errorf("parse templates: %w", errNoTemplates)
	}
	for _, file := range files {
		if strings.HasPrefix(path.Base(file), "_") {
			if layout, err = layout.ParseFS(fsys, file); err != nil {
				return nil, fmt.Errorf("parse %s: %w", file, err)
			}
		}
	}
	if err := fold(layout, s.funcs()); err != nil { // once, and not again in every page
		return nil, fmt.Errorf("parse layout: %w", err)
	}
	set := &Set{pages: map[string]*template.Template{}}
	for _, file := range files {
		if strings.HasPrefix(path.Base(file), "_") {
			continue
		}
		base, err := layout.Clone()
		if err != nil {
			return nil, fmt.Errorf("parse %s: %w", file, err)
		}
		page, err := base.ParseFS(fsys, file)
		if err != nil {
			return nil, fmt.Errorf("parse %s: %w", file, err)
		}
		if err := fold(page, s.funcs()); err != nil {
			return nil, fmt.Errorf("parse %s: %w", file, err)
		}
		set.pages[strings.TrimSuffix(path.Base(file), ".html")] = page
	}
	return set, nil
}

// Names lists the pages of the set.
func (set *Set) Names() []string {
	names := make([]string, 0, len(set.pages))
	for name := range set.pages {
		names = append(names, name)
	}
	return names
}

// usualPage is what most pages fit into, in bytes.
const usualPage = 8 << 10

// Render answers with the named page. The page is drawn before anything is sent, so that a failing template is an
// error and not half a page.
func (set *Set) Render(w http.ResponseWriter, status int, name string, data any) error {
	page := set.pages[name]
	if page == nil {
		return fmt.Errorf("render page: no template named %q", name)
	}
	body := bytes.NewBuffer(make([]byte, 0, usualPage))
	if err := page.ExecuteTemplate(body, "layout", data); err != nil {
		return fmt.Errorf("render page %s: %w", name, err)
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	_, err := w.Write(body.Bytes())
	return err
}
