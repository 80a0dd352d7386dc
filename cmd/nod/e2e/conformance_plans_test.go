package e2e

import (
	"slices"
	"testing"
)

// module is one of the OpenID Foundation's conformance suite, by its name there, with
// the same intent.
type module struct {
	name string
	runs func(*conformance)
	only func(variant) bool // nil where the plans have it for every response type
}

// Not here are the modules of the plan "dynamic" and of session management, which are not
// claimed: they register clients by themselves, or watch a session in a frame.
var modules = slices.Concat(answerModules, requestModules, hintModules, tokenModules)

// certify runs the modules of a plan for each of its response types, with the default
// response mode and as the Form Post plan has them.
func certify(t *testing.T, plan string, responseTypes ...string) {
	c := conform(t)
	for _, mode := range []string{"", "form_post"} {
		for _, responseType := range responseTypes {
			v := variant{responseType, mode}
			name := "oidcc-" + plan + "-certification-test-plan/" + responseType
			if mode != "" {
				name = "oidcc-formpost-" + plan + "-certification-test-plan/" + responseType
			}
			t.Run(name, func(t *testing.T) {
				b := c.browser()
				for _, m := range modules {
					if m.only != nil && !m.only(v) {
						continue
					}
					t.Run(m.name, func(t *testing.T) {
						one := *c
						one.variant, one.t, one.b = v, t, b
						m.runs(&one)
						c.asked = one.asked
					})
				}
			})
		}
	}
}

func TestConformanceBasicOP(t *testing.T) { certify(t, "basic", "code") }

func TestConformanceImplicitOP(t *testing.T) { certify(t, "implicit", "id_token", "id_token token") }

func TestConformanceHybridOP(t *testing.T) {
	certify(t, "hybrid", "code id_token", "code token", "code id_token token")
}

// Where a module belongs.
func withCode(v variant) bool    { return v.has("code") }
func withIDToken(v variant) bool { return v.has("id_token") }
func nonceless(v variant) bool   { return !v.has("id_token") }
func plainCode(v variant) bool   { return v.responseType == "code" }
