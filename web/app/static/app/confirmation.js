import { Offline, ProtocolError } from "./errors.js";
import { pause } from "./pause.js";
import { ask, keep } from "./sync.js";

const every = 2000;
const ends = { unknown_device: "expired", link_expired: "expired", link_used: "expired" };

/**
 * Waits until the person has confirmed in the browser. After "refused" and "expired" the account is removed: nothing
 * was bound.
 * @param {import("./store.js").Store} store
 * @param {import("./store.js").Account} account
 * @param {AbortSignal} [signal] its reason is thrown
 * @param {import("./api.js").Options & {wait?: typeof pause}} [options]
 * @returns {Promise<"active" | "refused" | "expired">}
 */
export async function waitForConfirmation(store, account, signal, options = {}) {
	const wait = options.wait ?? pause;
	for (;;) {
		const state = await ask(store, account, "enrol/status", {}, { ...options, signal }).then(
			(status) => status.state,
			(error) => stateAfter(error),
		);
		if (state === "active") {
			await keep(store, account, { state: "active", pending: null });
			return state;
		}
		if (state === "refused" || state === "expired") {
			await store.remove(account.deviceId);
			return state;
		}
		await wait(every, signal);
	}
}

// Whether the network is down or the server restarts, the person may be confirming meanwhile.
function stateAfter(error) {
	if (error instanceof ProtocolError && ends[error.code]) {
		return ends[error.code];
	}
	if (error instanceof Offline || (error instanceof ProtocolError && (error.status >= 500 || error.code === "slow_down"))) {
		return "confirm";
	}
	throw error;
}
