import { fromBase64url, equal, sha256, toBase64url, utf8 } from "./bytes.js";
import { ask, keep } from "./sync.js";

// With no push service within reach the browser's promise may never settle.
const patience = 20_000;

/**
 * A subscription, as the browser or as JSON, or why there is none.
 * @typedef {{subscription: PushSubscription | object} | {blocked: "denied" | "default" | "unsupported" | "unreachable"}} Result
 */

/**
 * Whether notifications may be shown.
 * @returns {"granted" | "denied" | "default" | "unsupported"}
 */
export function permission() {
	return globalThis.Notification?.permission ?? "unsupported";
}

/**
 * Asks the person. Call it from the tap itself.
 * @returns {Promise<"granted" | "denied" | "default" | "unsupported">}
 */
export async function askPermission() {
	if (!globalThis.Notification?.requestPermission) {
		return "unsupported";
	}
	await Notification.requestPermission();
	return permission();
}

/**
 * Subscribes, or finds the subscription that is there. It never asks the person.
 * @param {ServiceWorkerRegistration} registration
 * @param {string | null} pushKey
 * @param {{timeout?: number, renew?: boolean}} [options] renew: the push service has dropped the one that is there
 * @returns {Promise<Result>}
 */
export async function subscribe(registration, pushKey, { timeout = patience, renew = false } = {}) {
	const allowed = permission();
	if (allowed === "unsupported" || !registration?.pushManager || !pushKey) {
		return { blocked: "unsupported" };
	}
	if (allowed !== "granted") {
		return { blocked: allowed };
	}
	let timer = 0;
	const late = new Promise((resolve) => {
		timer = setTimeout(() => resolve({ blocked: "unreachable" }), timeout);
	});
	try {
		return await Promise.race([settle(registration.pushManager, fromBase64url(pushKey), renew), late]);
	} finally {
		clearTimeout(timer);
	}
}

async function settle(manager, key, renew) {
	try {
		const there = await manager.getSubscription();
		const made = there?.options?.applicationServerKey;
		if (there && !renew && (!made || equal(new Uint8Array(made), key))) {
			return { subscription: there };
		}
		// One registration has one subscription, and that only under one key.
		await there?.unsubscribe();
		return { subscription: await manager.subscribe({ userVisibleOnly: true, applicationServerKey: key }) };
	} catch (error) {
		if (error?.name === "NotSupportedError") {
			return { blocked: "unsupported" };
		}
		const allowed = permission();
		return { blocked: error?.name === "NotAllowedError" ? (allowed === "default" ? "default" : "denied") : "unreachable" };
	}
}

/**
 * Tells the server about a result.
 * @param {import("./store.js").Store} store
 * @param {import("./store.js").Account} account
 * @param {Result} result
 * @param {import("./api.js").Options} [options]
 * @returns {Promise<import("./store.js").Channel>}
 */
export async function report(store, account, result, options = {}) {
	const message = toReport(result);
	const { push } = await ask(store, account, "subscribe", message, options);
	await keep(store, account, { channel: push, reported: await digest(message) });
	return push;
}

/**
 * Brings the server up to date, each time the app opens: a subscription that has changed, was blocked in the system's
 * settings or was dropped by the push service is told for every account. An account that cannot be told now is told
 * the next time.
 * @param {import("./store.js").Store} store
 * @param {import("./store.js").Account[]} accounts
 * @param {ServiceWorkerRegistration} registration
 * @param {import("./api.js").Options} [options]
 * @returns {Promise<Result | null>} null when there is no account to tell
 */
export async function refresh(store, accounts, registration, options = {}) {
	const active = accounts.filter((account) => account.state === "active");
	if (active.length === 0) {
		return null;
	}
	const pushKey = active.find((account) => account.pushKey)?.pushKey ?? null;
	let result = await subscribe(registration, pushKey);
	let told = await digest(toReport(result));
	if (active.some((account) => wasDropped(account, result, told))) {
		result = await subscribe(registration, pushKey, { renew: true });
		told = await digest(toReport(result));
	}
	const changed = active.filter((account) => account.reported !== told);
	await Promise.all(changed.map((account) => report(store, account, result, options).catch(() => null)));
	return result;
}

/**
 * Whether the server has lost what it was told, which it does when the push service says that the subscription is gone.
 * @param {import("./store.js").Account} account
 * @param {Result} result
 * @param {string} told
 */
export function wasDropped(account, result, told) {
	return "subscription" in result && account.reported === told && account.channel?.subscribed === false;
}

/**
 * The person's switch.
 * @param {import("./store.js").Store} store
 * @param {import("./store.js").Account} account
 * @param {boolean} on
 * @param {import("./api.js").Options} [options]
 * @returns {Promise<import("./store.js").Channel>}
 */
export async function setPush(store, account, on, options = {}) {
	const answer = await ask(store, account, "push", { on }, options);
	const channel = answer.push ?? { subscribed: false, blocked: "", ...account.channel, on: answer.push_on };
	await keep(store, account, { channel });
	return channel;
}

function toReport(result) {
	if ("blocked" in result) {
		return { subscription: null, blocked: result.blocked };
	}
	const { subscription } = result;
	return { subscription: subscription.toJSON?.() ?? subscription, blocked: "" };
}

// A digest, since the subscription's own secret need not lie in a second place.
async function digest(message) {
	return toBase64url(await sha256(utf8(JSON.stringify(message))));
}
