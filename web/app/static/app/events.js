/**
 * Reads text/event-stream piece by piece, wherever the pieces are cut.
 * @returns {{push: (text: string) => {type: string, data: string}[], retry: () => number | null}} push returns the
 *   events that the piece completes; retry is what the server last asked for, in milliseconds
 */
export function eventParser() {
	let rest = "";
	let type = "";
	let data = [];
	let retry = null;

	function push(text) {
		const events = [];
		rest += text;
		for (;;) {
			// A CR at the very end may be half of a CR LF; the next piece tells.
			const end = /\r\n|\n|\r(?!$)/.exec(rest);
			if (!end) {
				return events;
			}
			const line = rest.slice(0, end.index);
			rest = rest.slice(end.index + end[0].length);
			if (line !== "") {
				field(line);
				continue;
			}
			if (data.length > 0) {
				events.push({ type: type || "message", data: data.join("\n") });
			}
			type = "";
			data = [];
		}
	}

	function field(line) {
		const [, name, value] = /^([^:]*)(?:: ?(.*))?$/s.exec(line);
		if (name === "event") {
			type = value ?? "";
		} else if (name === "data") {
			data.push(value ?? "");
		} else if (name === "retry" && /^[0-9]+$/.test(value ?? "")) {
			retry = Number(value);
		}
	}

	return { push, retry: () => retry };
}
