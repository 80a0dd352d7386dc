// Package page is the look and the voice of every page: the layout with its one card, the design tokens and
// components, the static files, the English texts, and the few pages that belong to no single surface (a problem,
// signing out, confirming a device).
//
// It leaves to the surfaces what a page asks and where its forms go. A surface hands in its own templates and
// static files; they are parsed over the layout defined here.
//
// Its words: a Site is everything one organisation's pages share; a Set is the templates of one surface; a Frame is
// what stands around the question on each page.
package page

import (
	"embed"
	"errors"
	"html/template"
	"io/fs"
	"strings"
	"time"
)

//go:embed static
var staticFiles embed.FS

//go:embed templates/*.html
var templateFiles embed.FS

// Brand is what an organisation can make its own. Zero values are nod's.
type Brand struct {
	Name    string // the organisation, as in "with your Northwind account"
	HelpURL string // where the footer's Help leads; "" draws none
	Accent  string // "#rrggbb"; made darker or lighter until text in it can be read
	Ground  string // "#rrggbb" behind the card, in the light scheme
}

// App is the application that the person is on the way to.
type App struct {
	Name    string
	Left    time.Duration // how much longer it waits for the answer; 0 leaves it unsaid
	LogoURL string        // on this server, since the policy of our pages loads no foreign pictures; "" draws the initial
}

// Frame stands around the question of every page. A page's struct embeds it.
type Frame struct {
	App App
}

// Initial is the letter on the tile of an application without a logo.
func (a App) Initial() string {
	for _, letter := range a.Name {
		return strings.ToUpper(string(letter))
	}
	return ""
}

// Tint picks one of six tile colours by name, so that an application keeps its colour.
func (a App) Tint() int {
	sum := 0
	for _, b := range []byte(a.Name) {
		sum += int(b)
	}
	return sum % 6
}

// Site holds what all pages of one organisation share. It is safe for concurrent use.
type Site struct {
	brand  Brand
	assets *assets
	texts  texts
	own    *Set
}

// New prepares the pages of one organisation. Each static is a folder of one surface's style sheets, scripts and
// pictures; no two may hold a file of the same name.
func New(brand Brand, static ...fs.FS) (*Site, error) {
	brand.Name = strings.TrimSpace(brand.Name)
	if brand.Name == "" {
		brand.Name = "nod"
	}
	texts, err := readTexts()
	if err != nil {
		return nil, err
	}
	style, err := brand.style()
	if err != nil {
		return nil, err
	}
	assets, err := gather(style, append([]fs.FS{Folder(staticFiles)}, static...))
	if err != nil {
		return nil, err
	}
	site := &Site{brand: brand, assets: assets, texts: texts}
	if site.own, err = site.Set(templateFiles); err != nil {
		return nil, err
	}
	return site, nil
}

// Folder is the folder static of a surface's compiled-in files, for New.
func Folder(files embed.FS) fs.FS {
	folder, err := fs.Sub(files, "static")
	if err != nil {
		panic(err) // the name is a valid one
	}
	return folder
}

// funcs are what templates can call. None of them decides anything.
func (s *Site) funcs() template.FuncMap {
	return template.FuncMap{
		"text":   s.texts.text,
		"static": s.Static,
		"brand":  func() Brand { return s.brand },
		"clock":  Clock,
		"words":  s.Words,
		"seconds": func(d time.Duration) int {
			return max(0, int((d+time.Second-1)/time.Second))
		},
	}
}

var errNoTemplates = errors.New("no templates")
