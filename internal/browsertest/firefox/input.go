package firefox

import "github.com/nod-idp/nod/internal/browsertest"

// See waits until the element is visible.
func (tab *Tab) See(selector string) {
	tab.b.t.Helper()
	tab.find(selector)
}

// Click clicks the element with the mouse once it is visible.
func (tab *Tab) Click(selector string) {
	tab.b.t.Helper()
	tab.call("click "+selector, "WebDriver:ElementClick", map[string]string{"id": tab.find(selector)}, nil)
}

// Type types into the element once it is visible; "\r" is the Enter key.
func (tab *Tab) Type(selector, text string) {
	tab.b.t.Helper()
	tab.call("type into "+selector, "WebDriver:ElementSendKeys", map[string]string{"id": tab.find(selector), "text": text}, nil)
}

// Text returns the text of the element as a person sees it.
func (tab *Tab) Text(selector string) string {
	tab.b.t.Helper()
	var answer struct{ Value string }
	tab.call("text of "+selector, "WebDriver:GetElementText", map[string]string{"id": tab.find(selector)}, &answer)
	return answer.Value
}

// element is the name that WebDriver gives to references to elements.
const element = "element-6066-11e4-a52e-4f735466cecf"

// find waits for a visible element and returns its reference.
func (tab *Tab) find(selector string) string {
	tab.b.t.Helper()
	tab.Focus()
	m := tab.b.Marionette
	return browsertest.Until(tab.b.t, selector+" to be visible on "+tab.name, func() (string, bool) {
		var found struct{ Value map[string]string }
		if m.Call("WebDriver:FindElement", map[string]string{"using": "css selector", "value": selector}, &found) != nil {
			return "", false
		}
		id := found.Value[element]
		var visible struct{ Value bool }
		err := m.Call("WebDriver:IsElementDisplayed", map[string]string{"id": id}, &visible)
		return id, err == nil && visible.Value
	}, tab.b.story)
}
