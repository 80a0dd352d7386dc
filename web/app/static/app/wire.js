import { nonceTime } from "./clock.js";
import { Offline, ProtocolError } from "./errors.js";
import { signRequest, verbURL } from "./jws.js";

const patience = 20_000;

// Only where the server can make use of the login's cookie does it get one: an answer from the very browser that asks
// needs no number.
const withCookies = new Set(["request", "answer"]);

/**
 * What signs a request.
 * @typedef {{publicURL: string, key: CryptoKeyPair, publicJwk: import("./keys.js").PublicJWK, deviceId?: string, offset?: number}} Sender
 */

/**
 * Sends one request and returns a response that is 2xx, its body unread. When the server refuses the clock, its time
 * is learned and the request is sent once more, signed anew.
 * @param {Sender} sender
 * @param {string} verb
 * @param {object} message
 * @param {Watch} watch
 * @param {import("./api.js").Options} options
 * @returns {Promise<Response>}
 * @throws {ProtocolError | Offline}, or the signal's reason
 */
export async function exchange(sender, verb, message, watch, options) {
	const now = options.now ?? Date.now;
	const send = (offset, nonce) => post(sender, verb, message, now() + offset, nonce, watch, options.fetch ?? fetch);
	let response = await send(sender.offset ?? 0);
	if (response.ok) {
		return response;
	}
	const refusal = await readRefusal(response, watch);
	const nonce = response.headers.get("DPoP-Nonce") ?? "";
	const time = nonceTime(nonce);
	if (refusal.code !== "use_dpop_nonce" || time === null) {
		throw refusal;
	}
	const offset = time - now();
	await options.learned?.({ offset });
	response = await send(offset, nonce);
	if (!response.ok) {
		throw await readRefusal(response, watch);
	}
	return response;
}

async function post(sender, verb, message, time, nonce, watch, send) {
	const { body, proof } = await signRequest(sender, sender.publicURL, verb, message, time, nonce);
	try {
		return await send(verbURL(sender.publicURL, verb), {
			method: "POST",
			headers: { "Content-Type": "application/jose", DPoP: proof },
			body,
			credentials: withCookies.has(verb) ? "same-origin" : "omit",
			redirect: "error",
			cache: "no-store",
			referrerPolicy: "no-referrer",
			signal: watch.signal,
		});
	} catch {
		throw watch.reason();
	}
}

// What is no answer of the protocol, such as the page of a proxy in between, counts as a server that cannot answer.
async function readRefusal(response, watch) {
	const body = await readObject(response, watch);
	const after = Number(response.headers.get("Retry-After") ?? 0) || 0;
	return new ProtocolError(response.status, body?.error ? body : { error: "unavailable" }, after);
}

/**
 * Reads a body that should be a JSON object.
 * @param {Response} response
 * @param {Watch} watch
 * @returns {Promise<any>} null if it is none
 */
export async function readObject(response, watch) {
	let text;
	try {
		text = await response.text();
	} catch {
		throw watch.reason();
	}
	try {
		const value = JSON.parse(text);
		return typeof value === "object" && !Array.isArray(value) ? value : null;
	} catch {
		return null;
	}
}

/**
 * A signal that ends with the caller's or when time is up; reason() says which of the two it was, or else that the
 * network failed. (AbortSignal.any is younger than some phones.)
 * @typedef {{signal: AbortSignal, restart: (timeout: number) => void, end: () => void, reason: () => unknown}} Watch
 */

/**
 * @param {{signal?: AbortSignal, timeout?: number}} options
 * @returns {Watch}
 */
export function watch({ signal, timeout = patience }) {
	const controller = new AbortController();
	let late = false;
	let timer = 0;
	const stop = () => controller.abort(signal.reason);
	const restart = (time) => {
		clearTimeout(timer);
		timer = setTimeout(() => {
			late = true;
			controller.abort();
		}, time);
	};
	restart(timeout);
	signal?.addEventListener("abort", stop);
	if (signal?.aborted) {
		stop();
	}
	return {
		signal: controller.signal,
		restart,
		end() {
			clearTimeout(timer);
			signal?.removeEventListener("abort", stop);
		},
		reason: () => (signal?.aborted ? signal.reason : new Offline(late ? "timeout" : "network")),
	};
}
