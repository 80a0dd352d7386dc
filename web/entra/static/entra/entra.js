// Improves the pages around a login that Microsoft began. All of them work without it.
import { countDown, readyLater } from "../countdown.js";

document.querySelectorAll("[data-countdown]").forEach(countDown);
document.querySelectorAll("[data-ready-in]").forEach(readyLater);

// The answer travels in a form; nobody should have to press its button.
document.querySelector("form[data-submits-itself]")?.requestSubmit();

// A page that waits for a device is loaded again once it would be another one. The device's
// own page asks nothing of this one, so it is asked itself.
const waiting = document.querySelector("main[data-watch]");
if (waiting) {
	let leaving = false;
	waiting.addEventListener("submit", () => {
		leaving = true;
	});
	setInterval(async () => {
		if (leaving || document.visibilityState !== "visible") {
			return;
		}
		try {
			const answer = await fetch(location.href, { redirect: "manual" });
			const state = answer.ok && /<main[^>]* data-state="([^"]*)"/.exec(await answer.text())?.[1];
			if (!leaving && state !== waiting.dataset.state) {
				location.reload();
			}
		} catch {
			// The connection is away; the next look may find it again.
		}
	}, 2000);
}
