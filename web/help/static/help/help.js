// Improves the pages for those who cannot sign in. All of them work without it.
import { takeFragment } from "./fragment.js";

document.querySelectorAll("[data-from-fragment]").forEach(takeFragment);

// A screen reader begins with the news, unless the page has a field to begin with.
if (!document.querySelector("[autofocus]")) {
	document.querySelector("h1[tabindex]")?.focus({ preventScroll: true });
}
