import { endOf, snooze, snoozedUntil } from "../snooze.js";

/**
 * What the home screen says about being left alone.
 * @param {import("../store.js").Account} account
 */
export function snoozeValues(account) {
	const until = snoozedUntil(account, Date.now());
	return {
		snoozed: Boolean(until),
		until: until ? new Intl.DateTimeFormat(document.documentElement.lang, { hour: "numeric", minute: "2-digit" }).format(until) : "",
	};
}

/**
 * The buttons that leave an account alone for a while.
 * @param {import("./app.js").App} app
 * @param {import("./screens.js").Screen} screen
 * @param {() => import("../store.js").Account} chosen
 */
export function workSnooze(app, screen, chosen) {
	const until = (end) => async () => {
		const account = chosen();
		await snooze(app.store, account, end(account));
		app.changed();
	};
	screen.on("snooze-hour", until(({ offset }) => endOf("hour", Date.now(), offset)));
	screen.on("snooze-morning", until(({ offset }) => endOf("morning", Date.now(), offset)));
	screen.on("snooze-end", until(() => null));
}
