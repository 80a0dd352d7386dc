import { setPush } from "../push.js";
import { show } from "./screens.js";

/**
 * Asks again before an account is thrown away here.
 * @param {import("./app.js").App} app
 * @param {import("../store.js").Account} account
 */
export function forget(app, account) {
	const listed = account.state === "active" || account.state === "suspended";
	const screen = show("forget", { account: account.account.name, listed });
	screen.on("forget-cancel", () => app.go.home(account.deviceId));
	screen.on("forget-confirm", async () => {
		if (account.key) {
			// So that nobody tries to wake what is no longer there. Offline it has to go without.
			await setPush(app.store, account, false, { timeout: 3000 }).catch(() => {});
		}
		await drop(app, account);
		app.go.home();
	});
}

/**
 * Deletes an account's record, keys and all, and with the last one the subscription to push.
 * @param {import("./app.js").App} app
 * @param {import("../store.js").Account} account
 */
export async function drop(app, account) {
	await app.store.remove(account.deviceId);
	app.waiting.delete(account.deviceId);
	await app.reload();
	app.follow();
	if (app.accounts.length === 0) {
		const registration = await app.registration;
		const subscription = await registration?.pushManager?.getSubscription().catch(() => null);
		await subscription?.unsubscribe().catch(() => {});
	}
}
