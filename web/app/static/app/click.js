import { approve, canApproveByOneTap, deny, open } from "./answering.js";
import { ProtocolError } from "./errors.js";
import { ofEnd, ofOutcome } from "./notifications.js";

const patience = 10_000;

/**
 * A notification was clicked, or one of its buttons.
 * @param {import("./wake.js").Worker} worker
 * @param {Notification} notification
 * @param {string} action
 */
export async function click(worker, notification, action) {
	const data = notification.data ?? {};
	notification.close();
	if (data.request && (action === "deny" || action === "approve")) {
		const shown = await (action === "deny" ? denyAtOnce : approveAtOnce)(worker, data);
		if (shown) {
			await worker.registration.showNotification(shown.title, shown.options);
		}
		return;
	}
	await bringUp(worker, data);
}

async function denyAtOnce(worker, data) {
	try {
		const { store, account } = await find(worker, data.device);
		await deny(store, account, data.request, { fetch: worker.fetch, timeout: patience });
		return null;
	} catch (error) {
		return isOver(error) ? ofEnd(data.device, worker) : ofOutcome(data, "notAnswered", worker);
	}
}

// "Enhanced approval". Whether it may be is for the server; asking here first spares a wrong answer, which would count.
async function approveAtOnce(worker, data) {
	try {
		const { store, account } = await find(worker, data.device);
		const request = await open(store, account, data.request, { fetch: worker.fetch, timeout: patience });
		if (!canApproveByOneTap(account, request)) {
			return ofOutcome(data, "notApproved", worker);
		}
		await approve(store, account, request, {}, { fetch: worker.fetch, timeout: patience });
		return ofOutcome(data, "approved", worker);
	} catch (error) {
		return isOver(error) ? ofEnd(data.device, worker) : ofOutcome(data, "notApproved", worker);
	}
}

async function find(worker, device) {
	const store = await worker.store();
	const account = await store.account(device);
	if (!account) {
		throw new TypeError("no such account here");
	}
	return { store, account };
}

function isOver(error) {
	return error instanceof ProtocolError && error.over;
}

/**
 * Shows the app: a window that is there is told, otherwise one is opened. Chromium allows one of the two for each click.
 * @param {import("./wake.js").Worker} worker
 * @param {{device?: string, request?: string}} data
 */
async function bringUp(worker, { device, request }) {
	const windows = await worker.clients.matchAll({ type: "window", includeUncontrolled: true });
	const there = choose(windows, worker.page);
	if (!there) {
		await worker.clients.openWindow(address(worker.page, device, request));
		return;
	}
	there.postMessage({ type: "open", device, request });
	// A browser that does not allow it leaves the window where it is; it has been told.
	await there.focus().catch(() => null);
}

/**
 * The window to use: the one that is being looked at, or else any of the app's.
 * @param {readonly {url: string, focused?: boolean, visibilityState?: string}[]} windows
 * @param {string} page
 */
export function choose(windows, page) {
	const ours = windows.filter(({ url }) => new URL(url).pathname.startsWith(page));
	return ours.find((one) => one.focused) ?? ours.find((one) => one.visibilityState === "visible") ?? ours[0];
}

/**
 * Where a new window begins.
 * @param {string} page
 * @param {string} [device]
 * @param {string} [request]
 */
export function address(page, device, request) {
	const parts = new URLSearchParams();
	if (request) {
		parts.set("request", request);
	}
	if (device) {
		parts.set("device", device);
	}
	const fragment = parts.toString();
	return fragment ? `${page}#${fragment}` : page;
}
