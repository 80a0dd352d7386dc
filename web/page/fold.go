package page

import (
	"bytes"
	"fmt"
	"html"
	"html/template"
	texttemplate "text/template"
	"text/template/parse"
)

// fold computes, once and for all, every action of a template that can only ever give one
// answer: texts of the catalogue, addresses of static files, the organisation's name. Most of
// a page is made of these. What depends on the page's data is left to each request.
//
// An answer is written as html/template would write it in text and in quoted attributes, which
// is where pages use them; a template set has no scripts, styles or unquoted attributes.
func fold(set *template.Template, funcs template.FuncMap) error {
	stage := texttemplate.New("").Funcs(texttemplate.FuncMap(funcs))
	for _, t := range set.Templates() {
		if t.Tree == nil || t.Tree.Root == nil {
			continue
		}
		if err := foldList(t.Tree.Root, stage); err != nil {
			return fmt.Errorf("template %s: %w", t.Name(), err)
		}
	}
	return nil
}

func foldList(list *parse.ListNode, stage *texttemplate.Template) error {
	if list == nil {
		return nil
	}
	for i, node := range list.Nodes {
		var err error
		switch n := node.(type) {
		case *parse.ActionNode:
			if len(n.Pipe.Decl) == 0 && constant(n.Pipe) {
				list.Nodes[i], err = answer(n, stage)
			}
		case *parse.IfNode:
			err = foldBranches(&n.BranchNode, stage)
		case *parse.RangeNode:
			err = foldBranches(&n.BranchNode, stage)
		case *parse.WithNode:
			err = foldBranches(&n.BranchNode, stage)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func foldBranches(b *parse.BranchNode, stage *texttemplate.Template) error {
	if err := foldList(b.List, stage); err != nil {
		return err
	}
	return foldList(b.ElseList, stage)
}

// constant reports whether a node is made of functions and literals alone. The functions of a
// [Site] always answer the same.
func constant(node parse.Node) bool {
	switch n := node.(type) {
	case *parse.PipeNode:
		for _, c := range n.Cmds {
			if !constant(c) {
				return false
			}
		}
		return true
	case *parse.CommandNode:
		for _, arg := range n.Args {
			if !constant(arg) {
				return false
			}
		}
		return true
	case *parse.ChainNode:
		return constant(n.Node)
	case *parse.IdentifierNode, *parse.StringNode, *parse.NumberNode, *parse.BoolNode:
		return true
	}
	return false
}

// answer runs one action on a stage that knows its functions, and returns what it writes.
func answer(n *parse.ActionNode, stage *texttemplate.Template) (parse.Node, error) {
	alone := &parse.ListNode{NodeType: parse.NodeList, Nodes: []parse.Node{n}}
	t, err := stage.AddParseTree("action", &parse.Tree{Name: "action", Root: alone})
	if err != nil {
		return nil, err
	}
	var out bytes.Buffer
	if err := t.Execute(&out, nil); err != nil {
		return nil, err
	}
	return &parse.TextNode{NodeType: parse.NodeText, Pos: n.Pos, Text: []byte(html.EscapeString(out.String()))}, nil
}
