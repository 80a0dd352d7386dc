// Improves the pages of a login. All of them work without it.
import { countDown, readyLater } from "./countdown.js";
import { offerHere } from "./here.js";
import { drawBoxes, submitByItself } from "./passcode.js";
import { offerPasskey } from "./passkey.js";
import { wait } from "./wait.js";

const each = (selector, decorate) => document.querySelectorAll(selector).forEach(decorate);

each("[data-boxes]", drawBoxes);
each("[data-countdown]", countDown);
each("[data-ready-in]", readyLater);
each("[data-focus]", focusLink);
each("[data-wait]", wait);
each("[data-here]", offerHere);
each("[data-passkey]", offerPasskey);
each("[data-submits-itself]", submitByItself);

// A screen reader begins with the news, unless the page has a field to begin with.
if (!document.querySelector("[autofocus]")) {
	document.querySelector("h1[tabindex]")?.focus({ preventScroll: true });
}

/**
 * Lets a link that leads to a field go there without loading the page again.
 * @param {HTMLAnchorElement} link
 */
function focusLink(link) {
	link.addEventListener("click", (event) => {
		const field = document.getElementById(link.dataset.focus);
		if (field) {
			event.preventDefault();
			field.focus();
		}
	});
}
