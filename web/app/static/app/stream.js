import { eventParser } from "./events.js";
import { ProtocolError } from "./errors.js";
import { pause } from "./pause.js";
import { heed, keep } from "./sync.js";
import { exchange, watch } from "./wire.js";

const openTime = 20_000;
// Three heartbeats may get lost before the line counts as dead.
const silence = 50_000;
const longestPause = 60_000;
// The server says "requests" when a stream begins. Should it not, this is when the app looks by itself.
const firstEvent = 500;

/**
 * @typedef {import("./api.js").Options & {onState?: (state: "open" | "down") => unknown, wait?: typeof pause}} FollowOptions
 *   onState: "down" with the first failure, "open" when the stream is open (again); while it is down, ask every two seconds
 */

/**
 * Follows an account's stream until the signal ends it or the device is suspended or removed.
 * @param {import("./store.js").Store} store
 * @param {import("./store.js").Account} account
 * @param {() => unknown} onChange called on each change and after each time the stream was opened: ask `requests`
 * @param {FollowOptions} [options]
 * @returns {Promise<"aborted" | "device_suspended" | "unknown_device">} why it stopped
 */
export async function follow(store, account, onChange, options = {}) {
	const wait = options.wait ?? pause;
	const { signal } = options;
	let failures = 0;
	const opened = () => {
		failures = 0;
		options.onState?.("open");
	};
	while (!signal?.aborted) {
		if (!account.key) {
			return "unknown_device";
		}
		let next;
		try {
			const asked = await once(store, account, onChange, opened, options);
			// After a regular end at once, but not everybody in the same moment; a server that goes down says when to return.
			next = asked ?? Math.random() * 1000;
		} catch (error) {
			if (signal?.aborted) {
				break;
			}
			if (error instanceof ProtocolError && ["device_suspended", "unknown_device"].includes(error.code)) {
				await heed(store, account, error);
				return error.code;
			}
			options.onState?.("down");
			next = pauseAfter(failures, error.retryAfter);
			failures += 1;
		}
		await wait(next, signal).catch(() => {});
	}
	return "aborted";
}

/**
 * Pauses double from one second to one minute, and are never shorter than the server asked for.
 * @param {number} failures how many came before
 * @param {number} [retryAfter] seconds
 */
export function pauseAfter(failures, retryAfter = 0) {
	const doubled = Math.min(longestPause, 1000 * 2 ** failures);
	return Math.max(retryAfter * 1000, doubled * (0.75 + Math.random() / 4));
}

/**
 * One stream from beginning to end.
 * @returns {Promise<number | null>} the pause that the server asked for, if it did
 */
async function once(store, account, onChange, opened, options) {
	const watching = watch({ signal: options.signal, timeout: options.timeout ?? openTime });
	const parser = eventParser();
	let asked = null;
	let look = 0;
	try {
		const learned = (changes) => keep(store, account, changes);
		const response = await exchange(account, "stream", {}, watching, { ...options, learned });
		if (!response.headers.get("Content-Type")?.startsWith("text/event-stream")) {
			throw new ProtocolError(response.status, { error: "unavailable" });
		}
		opened();
		look = setTimeout(onChange, firstEvent);
		const reader = response.body.getReader();
		const decoder = new TextDecoder();
		for (;;) {
			watching.restart(silence);
			const { done, value } = await reader.read().catch(() => {
				throw watching.reason();
			});
			if (done) {
				return asked;
			}
			for (const event of parser.push(decoder.decode(value, { stream: true }))) {
				if (event.type === "requests") {
					clearTimeout(look);
					onChange();
				} else if (event.type === "reconnect") {
					asked = parser.retry();
				}
			}
		}
	} finally {
		clearTimeout(look);
		watching.end();
	}
}
