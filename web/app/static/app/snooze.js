import { ask, keep } from "./sync.js";

const hour = 3_600_000;

/**
 * Until when a device may be left alone, on the server's clock.
 * @param {"hour" | "morning"} length
 * @param {number} now milliseconds on this device's clock
 * @param {number} offset milliseconds to add for the server's
 * @returns {string} in RFC 3339
 */
export function endOf(length, now, offset) {
	if (length === "hour") {
		return new Date(now + hour + offset).toISOString();
	}
	const morning = new Date(now);
	morning.setHours(8, 0, 0, 0);
	if (morning.getTime() <= now) {
		morning.setDate(morning.getDate() + 1);
	}
	// The night on which clocks are set back has 25 hours.
	return new Date(Math.min(morning.getTime(), now + 24 * hour) + offset).toISOString();
}

/**
 * When the person wants to be asked again, null if they are asked now.
 * @param {import("./store.js").Account} account
 * @param {number} now milliseconds on this device's clock
 * @returns {Date | null} on this device's clock
 */
export function snoozedUntil(account, now) {
	const until = Date.parse(account.channel?.snoozed_until ?? "") - account.offset;
	return until > now ? new Date(until) : null;
}

/**
 * Leaves the account alone until a time, or no longer.
 * @param {import("./store.js").Store} store
 * @param {import("./store.js").Account} account
 * @param {string | null} until
 * @param {import("./api.js").Options} [options]
 */
export async function snooze(store, account, until, options = {}) {
	const { push: channel } = await ask(store, account, "snooze", { until }, options);
	await keep(store, account, { channel });
}
