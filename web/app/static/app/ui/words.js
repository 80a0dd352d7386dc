// All sentences are in the document, in the language of the document.

/**
 * A sentence of the document's list, its gaps filled in.
 * @param {string} name
 * @param {Record<string, unknown>} [gaps]
 * @returns {string}
 */
export function word(name, gaps = {}) {
	const list = document.getElementById("words").content;
	return fillIn(list.querySelector(`[value="${name}"]`)?.textContent ?? "", gaps);
}

/**
 * Puts values where a sentence says {name}. What is put in is not looked at again, so a name that an application
 * chose can hold braces.
 * @param {string} sentence
 * @param {Record<string, unknown>} gaps
 */
export function fillIn(sentence, gaps) {
	return sentence.replace(/\{([\w-]+)\}/g, (_, name) => String(gaps[name] ?? ""));
}

const units = /** @type {const} */ ([["day", 86_400], ["hour", 3600], ["minute", 60]]);

/**
 * How long ago something was: "just now", "3 minutes ago", "yesterday".
 * @param {string | number} time
 * @param {number} now milliseconds on the same clock
 */
export function ago(time, now) {
	const seconds = Math.max(0, (now - new Date(time).getTime()) / 1000);
	for (const [unit, size] of units) {
		if (seconds >= size) {
			return new Intl.RelativeTimeFormat(document.documentElement.lang, { numeric: "auto" }).format(-Math.floor(seconds / size), unit);
		}
	}
	return word("just-now");
}

/**
 * Time left as a person reads it off a timer: "1:42".
 * @param {number} milliseconds
 */
export function timer(milliseconds) {
	const seconds = Math.max(0, Math.ceil(milliseconds / 1000));
	return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
}

/**
 * Six digits in two halves, as people read them to themselves.
 * @param {string} digits
 */
export function halves(digits) {
	return digits.length === 6 ? `${digits.slice(0, 3)} ${digits.slice(3)}` : digits;
}
