// Improves the person's own pages. All of them work without it.
import { countDown } from "../countdown.js";
import { copy } from "./copy.js";
import { keep } from "./keep.js";
import { localise } from "./moment.js";
import { make } from "./passkey.js";
import { reveal } from "./reveal.js";
import { watch } from "./watch.js";

const each = (selector, decorate) => document.querySelectorAll(selector).forEach(decorate);

each("[data-countdown]", countDown);
each("[data-moment]", localise);
each("[data-copy]", copy);
each("[data-keep]", keep);
each("[data-make-passkey]", make);
each("[data-reveal]", reveal);
each("[data-watch]", watch);

// A screen reader begins with the news, unless the page has a field to begin with.
if (!document.querySelector("[autofocus]")) {
	document.querySelector("h1[tabindex]")?.focus({ preventScroll: true });
}
