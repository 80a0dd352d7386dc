import { fillIn } from "./words.js";

/**
 * Makes a piece of the document say what the values say:
 * data-text is a sentence with gaps, such as "{left} left";
 * data-if shows its element while a value is there ("name"), is not ("!name") or is one of some ("name=this|that");
 * data-tile draws the tile of a name.
 * It can be called again when values have changed.
 * @param {ParentNode} root
 * @param {Record<string, any>} values
 */
export function fill(root, values) {
	for (const element of root.querySelectorAll("[data-if]")) {
		element.toggleAttribute("hidden", !holds(element.dataset.if, values));
	}
	for (const element of root.querySelectorAll("[data-text]")) {
		const text = fillIn(element.dataset.text, values);
		// What did not change is left alone: a screen reader would say it again.
		if (element.textContent !== text) {
			element.textContent = text;
		}
	}
	for (const element of root.querySelectorAll("[data-tile]")) {
		drawTile(element, String(values[element.dataset.tile] ?? ""));
	}
}

/**
 * Fills a piece that says one thing for good, so that filling the screen around it does not touch it again.
 * @param {ParentNode} root
 * @param {Record<string, any>} values
 */
export function fillOnce(root, values) {
	fill(root, values);
	root.querySelectorAll("[data-if][hidden]").forEach((element) => element.remove());
	for (const element of root.querySelectorAll("[data-if], [data-text]")) {
		element.removeAttribute("data-if");
		element.removeAttribute("data-text");
	}
}

/**
 * @param {string} condition
 * @param {Record<string, any>} values
 */
export function holds(condition, values) {
	const [, not, name, alternatives] = /^(!?)([\w-]+)(?:=(.*))?$/.exec(condition);
	const yes = alternatives === undefined ? Boolean(values[name]) : alternatives.split("|").includes(String(values[name] ?? ""));
	return yes !== (not === "!");
}

/**
 * The letter and the colour are the same as on the login page, so that an application is known again.
 * @param {Element} tile
 * @param {string} name
 */
function drawTile(tile, name) {
	const [letter = ""] = name;
	const sum = new TextEncoder().encode(name).reduce((all, byte) => all + byte, 0);
	tile.className = `tile tile-${sum % 6}`;
	tile.textContent = letter.toUpperCase();
}
