import { register } from "./registration.js";

/**
 * What the screens share.
 * @typedef {{
 *   settings: {publicURL: string, brand: string, pushKey: string, numeric: boolean},
 *   store: import("../store.js").Store,
 *   accounts: import("../store.js").Account[],
 *   registration: Promise<ServiceWorkerRegistration | null>,
 *   waiting: Map<string, {requests: import("../approval.js").Request[], notices: object[]}>, by device, as last heard
 *   online: boolean,
 *   seen: Set<string>, requests that were on screen
 *   changes: EventTarget, "change" after anything above has changed
 *   changed: () => void,
 *   reload: () => Promise<void>,
 *   follow: () => void, begins to follow accounts that were added
 *   go: {
 *     home: (deviceId?: string) => unknown,
 *     add: () => unknown,
 *     link: (token: string) => unknown,
 *     join: (account: import("../store.js").Account) => unknown,
 *     forget: (account: import("../store.js").Account) => unknown,
 *     request: (account: import("../store.js").Account, id: string, login?: string) => unknown,
 *     over: (reason: string) => unknown,
 *   },
 * }} App
 */

/**
 * @param {import("../store.js").Store} store
 * @returns {App}
 */
export function createApp(store) {
	const { publicUrl, brand, pushKey, numeric } = document.querySelector("[data-app]").dataset;
	const changes = new EventTarget();
	const app = {
		settings: { publicURL: publicUrl, brand, pushKey, numeric: numeric !== undefined },
		store,
		accounts: [],
		registration: register(),
		waiting: new Map(),
		online: true,
		seen: new Set(),
		changes,
		changed: () => void changes.dispatchEvent(new Event("change")),
		async reload() {
			app.accounts = await store.accounts();
			app.changed();
		},
		follow() {},
		go: {},
	};
	return app;
}

/**
 * The account of a device.
 * @param {App} app
 * @param {string} deviceId
 */
export function accountOf(app, deviceId) {
	return app.accounts.find((account) => account.deviceId === deviceId);
}
