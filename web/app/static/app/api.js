import { nonceTime, refreshedOffset } from "./clock.js";
import { Offline, ProtocolError } from "./errors.js";
import { signRequest, verbURL } from "./jws.js";
import { publicJWK } from "./keys.js";

const patience = 20_000;

// Only where the server can make use of the login's cookie does it get one: an answer from the browser that asks needs no number.
const withCookies = new Set(["request", "answer"]);

/**
 * @typedef {{
 *   signal?: AbortSignal,
 *   learned?: (changes: {offset: number}) => unknown, called when the offset to the server's clock has changed
 *   timeout?: number,
 *   fetch?: typeof fetch,
 *   now?: () => number,
 * }} Options
 */

/**
 * What signs a request.
 * @typedef {{publicURL: string, key: CryptoKeyPair, publicJwk: import("./keys.js").PublicJWK, deviceId?: string, offset?: number}} Sender
 */

/**
 * Sends one request and returns the answer.
 * @param {Sender} account an account's record, or what signs in its place
 * @param {string} verb
 * @param {object} [message]
 * @param {Options} [options]
 * @returns {Promise<any>}
 * @throws {ProtocolError | Offline}, or the signal's reason
 */
export async function call(account, verb, message = {}, options = {}) {
	const now = options.now ?? Date.now;
	const sent = now();
	const clock = { offset: account.offset ?? 0 };
	const learned = (changes) => {
		Object.assign(clock, changes);
		return options.learned?.(changes);
	};
	const refresh = async (serverTime) => {
		const offset = refreshedOffset(clock.offset, serverTime, sent, now());
		if (offset !== clock.offset) {
			await learned({ offset });
		}
	};
	const watch = watched(options);
	try {
		const response = await exchange(account, verb, message, { ...options, learned, signal: watch.signal });
		const answer = await readJSON(response, watch);
		if (answer === null) {
			throw new ProtocolError(response.status, { error: "unavailable" });
		}
		await refresh(answer.server_time);
		return answer;
	} catch (error) {
		if (error instanceof ProtocolError && error.code !== "use_dpop_nonce") {
			await refresh(error.serverTime);
		}
		throw watch.reason(error);
	} finally {
		watch.end();
	}
}

/**
 * Uses up an enrolment link with a key that has no device id yet.
 * @param {string} publicURL
 * @param {CryptoKeyPair} key
 * @param {object} message
 * @param {Options} [options]
 */
export async function begin(publicURL, key, message, options = {}) {
	return call({ publicURL, key, publicJwk: await publicJWK(key) }, "enrol/begin", message, options);
}

/**
 * Sends one request and returns a response that is 200, its body unread. When the server refuses the clock, its time
 * is learned and the request is sent once more, signed anew.
 * @param {Sender} account
 * @param {string} verb
 * @param {object} message
 * @param {Options} options
 * @returns {Promise<Response>}
 */
export async function exchange(account, verb, message, options) {
	const now = options.now ?? Date.now;
	let response = await post(account, verb, message, now() + (account.offset ?? 0), undefined, options);
	if (response.ok) {
		return response;
	}
	let refusal = await readRefusal(response);
	const nonce = response.headers.get("DPoP-Nonce") ?? "";
	const time = nonceTime(nonce);
	if (refusal.code !== "use_dpop_nonce" || time === null) {
		throw refusal;
	}
	const offset = time - now();
	await options.learned?.({ offset });
	response = await post(account, verb, message, now() + offset, nonce, options);
	if (response.ok) {
		return response;
	}
	refusal = await readRefusal(response);
	throw refusal;
}

async function post(account, verb, message, time, nonce, options) {
	const { body, proof } = await signRequest(account, account.publicURL, verb, message, time, nonce);
	const send = options.fetch ?? fetch;
	return send(verbURL(account.publicURL, verb), {
		method: "POST",
		headers: { "Content-Type": "application/jose", DPoP: proof },
		body,
		credentials: withCookies.has(verb) ? "same-origin" : "omit",
		redirect: "error",
		cache: "no-store",
		referrerPolicy: "no-referrer",
		signal: options.signal,
	});
}

// What is no answer of the protocol, such as the page of a proxy in between, counts as a server that cannot answer.
async function readRefusal(response) {
	const body = await readJSON(response);
	const after = Number(response.headers.get("Retry-After") ?? 0) || 0;
	return new ProtocolError(response.status, body?.error ? body : { error: "unavailable" }, after);
}

async function readJSON(response) {
	const text = await response.text();
	try {
		const value = JSON.parse(text);
		return typeof value === "object" && !Array.isArray(value) ? value : null;
	} catch {
		return null;
	}
}

/**
 * A signal that ends with the caller's or after the time-out, and a way to tell which it was.
 * @param {Options} options
 */
export function watched({ signal, timeout = patience }) {
	const controller = new AbortController();
	let late = false;
	const stop = () => controller.abort(signal?.reason);
	const timer = setTimeout(() => {
		late = true;
		controller.abort();
	}, timeout);
	signal?.addEventListener("abort", stop);
	if (signal?.aborted) {
		stop();
	}
	return {
		signal: controller.signal,
		end() {
			clearTimeout(timer);
			signal?.removeEventListener("abort", stop);
		},
		/** @param {unknown} error */
		reason(error) {
			if (error instanceof ProtocolError) {
				return error;
			}
			if (signal?.aborted) {
				return signal.reason;
			}
			return new Offline(late ? "timeout" : "network");
		},
	};
}
