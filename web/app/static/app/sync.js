import { call } from "./api.js";
import { ProtocolError } from "./errors.js";

/** What makes an account usable, and is deleted with it. */
const withoutKeys = { key: null, pushSecret: null, typedSecret: null, pin: null, credential: null, pending: null };

/**
 * Asks the server something for an account and keeps what is learned on the way: the server's clock, and that the
 * device was suspended or removed. The record is changed as well as the store.
 * @param {import("./store.js").Store} store
 * @param {import("./store.js").Account} account
 * @param {string} verb
 * @param {object} [message]
 * @param {import("./api.js").Options} [options]
 * @returns {Promise<any>}
 */
export async function ask(store, account, verb, message = {}, options = {}) {
	if (!account.key) {
		throw new ProtocolError(401, { error: "unknown_device", message: "this account was removed" });
	}
	try {
		return await call(account, verb, message, { ...options, learned: (changes) => keep(store, account, changes) });
	} catch (error) {
		await heed(store, account, error);
		throw error;
	}
}

/**
 * Writes changes into the record and into the store.
 * @param {import("./store.js").Store} store
 * @param {import("./store.js").Account} account
 * @param {Partial<import("./store.js").Account>} changes
 * @returns {Promise<import("./store.js").Account>} the same record
 */
export async function keep(store, account, changes) {
	Object.assign(account, changes);
	await store.patch(account.deviceId, changes);
	return account;
}

/**
 * Draws the consequence of a refusal: the keys of a removed device are deleted, a suspended one keeps everything.
 * An enrolment that is not finished is left to its own steps.
 * @param {import("./store.js").Store} store
 * @param {import("./store.js").Account} account
 * @param {unknown} error
 */
export async function heed(store, account, error) {
	if (!(error instanceof ProtocolError) || !["active", "suspended"].includes(account.state)) {
		return;
	}
	if (error.code === "unknown_device") {
		await keep(store, account, { ...withoutKeys, state: "gone" });
	} else if (error.code === "device_suspended" && account.state !== "suspended") {
		await keep(store, account, { state: "suspended" });
	}
}

/**
 * What is open for an account.
 * @param {import("./store.js").Store} store
 * @param {import("./store.js").Account} account
 * @param {import("./api.js").Options} [options]
 * @returns {Promise<{requests: import("./approval.js").Request[], notices: {id: string, kind: string, about: string, at: string}[], account: import("./store.js").Account}>}
 */
export async function requests(store, account, options = {}) {
	const answer = await ask(store, account, "requests", {}, options);
	const changes = applied(account, answer);
	if (Object.keys(changes).length > 0) {
		await keep(store, account, changes);
	}
	return { requests: answer.requests ?? [], notices: answer.notices ?? [], account };
}

/**
 * What an answer to `requests` changes in the record.
 * @param {import("./store.js").Account} account
 * @param {{name?: string, push_on?: boolean, push?: import("./store.js").Channel}} answer
 * @returns {Partial<import("./store.js").Account>}
 */
export function applied(account, answer) {
	const changes = {};
	if (answer.name && answer.name !== account.name) {
		changes.name = answer.name;
	}
	const channel = answer.push ?? { ...(account.channel ?? { subscribed: false, blocked: "" }), on: answer.push_on ?? true };
	if (JSON.stringify(channel) !== JSON.stringify(account.channel)) {
		changes.channel = channel;
	}
	if (account.state === "suspended") {
		changes.state = "active";
	}
	return changes;
}
