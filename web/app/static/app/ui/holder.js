import { open } from "../answering.js";

/**
 * Finds the account that a request is for by asking for each, as when a link of the login page names no device.
 * @param {import("./app.js").App} app
 * @param {string} id
 * @returns {Promise<import("../store.js").Account | undefined>}
 */
export async function holder(app, id) {
	let last;
	for (const account of app.accounts.filter(({ state }) => state === "active")) {
		try {
			await open(app.store, account, id);
			return account;
		} catch (error) {
			// One that is over is known to its own device only; what another account is told is that there is none.
			if (error.over && error.code !== "unknown_request") {
				return account;
			}
			if (!error.over) {
				last = account;
			}
		}
	}
	return last;
}
