package formbrowser

import (
	"strings"

	"golang.org/x/net/html"
)

// Text returns the text inside the element with this id, "" if there is none.
func (p *Page) Text(id string) string {
	n := p.byID(id)
	if n == nil {
		return ""
	}
	var text strings.Builder
	each(n, func(n *html.Node) {
		if n.Type == html.TextNode {
			text.WriteString(n.Data)
		}
	})
	return strings.TrimSpace(text.String())
}

// Value returns the value of the field with this id, "" if there is none.
func (p *Page) Value(id string) string {
	if n := p.byID(id); n != nil {
		return attr(n, "value")
	}
	return ""
}

// Has reports whether the page has an element with this id.
func (p *Page) Has(id string) bool { return p.byID(id) != nil }

func (p *Page) byID(id string) *html.Node {
	if p.root == nil {
		return nil
	}
	return find(p.root, func(n *html.Node) bool { return n.Type == html.ElementNode && attr(n, "id") == id })
}

func find(n *html.Node, want func(*html.Node) bool) *html.Node {
	if n == nil {
		return nil
	}
	if want(n) {
		return n
	}
	for c := n.FirstChild; c != nil; c = c.NextSibling {
		if found := find(c, want); found != nil {
			return found
		}
	}
	return nil
}

func each(n *html.Node, do func(*html.Node)) {
	do(n)
	for c := n.FirstChild; c != nil; c = c.NextSibling {
		each(c, do)
	}
}

func attr(n *html.Node, name string) string {
	for _, a := range n.Attr {
		if a.Key == name {
			return a.Val
		}
	}
	return ""
}
