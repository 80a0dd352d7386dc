import { refreshedOffset } from "./clock.js";
import { ProtocolError } from "./errors.js";
import { publicJWK } from "./keys.js";
import { exchange, readObject, watch } from "./wire.js";

/**
 * @typedef {{
 *   signal?: AbortSignal,
 *   learned?: (changes: {offset: number}) => unknown, called when the offset to the server's clock has changed
 *   timeout?: number, milliseconds
 *   fetch?: typeof fetch,
 *   now?: () => number,
 * }} Options
 */

/**
 * Sends one request and returns the answer.
 * @param {import("./wire.js").Sender} account an account's record, or what signs in its place
 * @param {string} verb
 * @param {object} [message]
 * @param {Options} [options]
 * @returns {Promise<any>}
 * @throws {ProtocolError | import("./errors.js").Offline}, or the signal's reason
 */
export async function call(account, verb, message = {}, options = {}) {
	const now = options.now ?? Date.now;
	const sent = now();
	let offset = account.offset ?? 0;
	const learned = async (changes) => {
		offset = changes.offset;
		await options.learned?.(changes);
	};
	const refresh = async (serverTime) => {
		const fresh = refreshedOffset(offset, serverTime, sent, now());
		if (fresh !== offset) {
			await learned({ offset: fresh });
		}
	};
	const watching = watch(options);
	try {
		const response = await exchange(account, verb, message, watching, { ...options, learned });
		const answer = await readObject(response, watching);
		if (answer === null) {
			throw new ProtocolError(response.status, { error: "unavailable" });
		}
		await refresh(answer.server_time);
		return answer;
	} catch (error) {
		if (error instanceof ProtocolError) {
			await refresh(error.serverTime);
		}
		throw error;
	} finally {
		watching.end();
	}
}

/**
 * Uses up an enrolment link, with a key that has no device id yet.
 * @param {string} publicURL
 * @param {CryptoKeyPair} key
 * @param {object} message
 * @param {Options} [options]
 * @returns {Promise<any>}
 */
export async function begin(publicURL, key, message, options = {}) {
	return call({ publicURL, key, publicJwk: await publicJWK(key) }, "enrol/begin", message, options);
}
