import { Offline, ProtocolError } from "../errors.js";
import { fill } from "./fill.js";
import { word } from "./words.js";

/**
 * A screen that is shown. Its signal ends with it.
 * @typedef {{
 *   name: string, main: HTMLElement, signal: AbortSignal,
 *   fill: (changes: Record<string, any>) => void,
 *   find: (id: string) => any,
 *   on: (id: string, work: (event: Event) => unknown) => void,
 *   problem: (sentence: string, field?: string) => void,
 *   trouble: (error: unknown) => void,
 * }} Screen
 */

/** @type {{name: string, end: AbortController} | null} */
let current = null;

/** The name of the screen that is shown. */
export function shown() {
	return current?.name ?? "start";
}

/**
 * Shows a screen in place of the one before. The heading gets the focus, so that a screen reader begins with the news.
 * @param {string} name of a <template id="screen-…">
 * @param {Record<string, any>} [values]
 * @returns {Screen}
 */
export function show(name, values = {}) {
	current?.end.abort();
	const end = new AbortController();
	current = { name, end };
	const place = document.querySelector("[data-app]");
	const template = /** @type {HTMLTemplateElement} */ (document.getElementById(`screen-${name}`));
	place.replaceChildren(document.importNode(template.content, true));
	const main = place.querySelector("main");
	const all = { ...values };
	let busy = false;

	/** @type {Screen} */
	const screen = {
		name, main, signal: end.signal,
		fill(changes) {
			// What a screen still has to say when it is gone is of no interest to the next one.
			if (!end.signal.aborted) {
				fill(place, Object.assign(all, changes));
			}
		},
		find: (id) => place.querySelector(`[id="${id}"]`),
		on(id, work) {
			const element = screen.find(id);
			const form = element?.type === "submit" ? element.form : null;
			(form ?? element)?.addEventListener(form ? "submit" : "click", (event) => run(event, element, work));
		},
		problem(sentence, field) {
			const line = screen.find("problem");
			line.hidden = !sentence;
			line.textContent = sentence;
			for (const input of main.querySelectorAll("input[aria-invalid]")) {
				input.removeAttribute("aria-invalid");
			}
			if (sentence && field) {
				screen.find(field).setAttribute("aria-invalid", "true");
				screen.find(field).focus();
			}
		},
		trouble: (error) => screen.problem(word(troubleOf(error))),
	};

	// One thing at a time: whoever has pressed Approve cannot press Deny before there is an answer.
	async function run(event, element, work) {
		event.preventDefault();
		if (busy) {
			return;
		}
		busy = true;
		element.setAttribute("aria-busy", "true");
		try {
			if (screen.find("problem")) {
				screen.problem("");
			}
			await work(event);
		} catch (error) {
			if (!end.signal.aborted) {
				screen.trouble(error);
			}
		} finally {
			busy = false;
			element.removeAttribute("aria-busy");
		}
	}

	screen.fill(values);
	const heading = main.querySelector("h1:not([hidden])");
	document.title = `${heading.textContent} · ${place.dataset.brand}`;
	scrollTo(0, 0);
	heading.focus({ preventScroll: true });
	return screen;
}

/**
 * The word for a failure that needs no screen of its own.
 * @param {unknown} error
 */
export function troubleOf(error) {
	if (error instanceof Offline) {
		return "trouble-offline";
	}
	const later = error instanceof ProtocolError && ["unavailable", "slow_down"].includes(error.code);
	return later ? "trouble-busy" : "trouble-other";
}
