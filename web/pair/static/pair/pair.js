// Improves the pages of a pairing. All of them work without it.

// A screen reader begins with the news, unless the page has a field to begin with.
if (!document.querySelector("[autofocus]")) {
	document.querySelector("h1[tabindex]")?.focus({ preventScroll: true });
}
