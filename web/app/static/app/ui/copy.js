import { word } from "./words.js";

/**
 * The button that puts an enrolment link where another app or browser can take it from.
 * @param {import("./app.js").App} app
 * @param {import("./screens.js").Screen} screen
 * @param {string} token
 */
export function copyLink(app, screen, token) {
	screen.on("link-copy", async () => {
		try {
			await navigator.clipboard.writeText(`${app.settings.publicURL}/app/enrol#${token}`);
			screen.find("link-copied").textContent = word("copied");
		} catch {
			screen.problem(word("trouble-copy"));
		}
	});
}
