import { afterWake, ofUnseen, stale } from "./notifications.js";
import { report, subscribe } from "./push.js";
import { requests } from "./sync.js";

// A push handler has little time before the browser shows a notification of its own.
const patience = 10_000;

/**
 * What the parts of the worker share.
 * @typedef {import("./notifications.js").Looks & {
 *   registration: ServiceWorkerRegistration, clients: Clients, store: () => Promise<import("./store.js").Store>,
 *   page: string, fetch?: typeof fetch,
 * }} Worker
 */

/**
 * Shows what a wake-up is about. The payload names a device and nothing else, so the server is asked.
 * @param {Worker} worker
 * @param {{device?: string}} payload
 */
export async function wake(worker, payload) {
	const device = typeof payload?.device === "string" ? payload.device : "";
	const shown = await whatToShow(worker, device).catch(() => [ofUnseen(device, worker)]);
	await Promise.all(shown.map(({ title, options }) => worker.registration.showNotification(title, options)));
}

async function whatToShow(worker, device) {
	const store = await worker.store();
	const accounts = await store.accounts();
	const account = accounts.find((one) => one.deviceId === device);
	if (!account?.key) {
		return [ofUnseen(device, worker)];
	}
	const answer = await requests(store, account, { timeout: patience, fetch: worker.fetch });
	for (const notification of stale(await worker.registration.getNotifications(), device, answer.requests)) {
		notification.close();
	}
	const usable = accounts.filter((one) => one.state === "active");
	return afterWake(account, answer, usable.length > 1, worker);
}

/**
 * The browser has taken a subscription away, or given another: every account tells its server.
 * @param {Worker} worker
 */
export async function resubscribe(worker) {
	const store = await worker.store();
	const accounts = (await store.accounts()).filter((account) => account.key && account.pushKey);
	if (accounts.length === 0) {
		return;
	}
	const result = await subscribe(worker.registration, accounts[0].pushKey);
	// Who cannot be told now is told when the app opens.
	await Promise.all(accounts.map((account) => report(store, account, result, { fetch: worker.fetch }).catch(() => null)));
}

/**
 * A page has taken a request over, or knows that it has ended.
 * @param {Worker} worker
 * @param {string} request
 */
export async function closeNotification(worker, request) {
	const all = await worker.registration.getNotifications();
	for (const notification of all) {
		if (notification.tag === request || notification.tag === "over" || notification.tag === "unseen") {
			notification.close();
		}
	}
}
