import { ago, word } from "./words.js";

/**
 * What the person has to see before they decide. The application's name is that of the context, which the approval
 * covers.
 * @param {import("../store.js").Account} account
 * @param {import("../approval.js").Request} request
 * @param {number} now on the server's clock
 */
export function facts(account, request, now) {
	const { client_name: client, browser, os, place, ip, at, message } = request.context;
	return {
		client: client || word("unnamed"),
		account: account.account.name,
		browser: browser && os ? word("on", { browser, system: os }) : browser || os,
		place, ip, message,
		alone: !browser && !ip,
		address: place ? "" : ip,
		ago: ago(at, now),
		newClient: request.new_client,
		newNetwork: request.new_network && !request.new_country,
		newCountry: request.new_country,
		...distance(request),
	};
}

/**
 * How far the browser is from this device, as far as known.
 * @param {import("../approval.js").Request} request
 */
function distance({ nearby, distance_km: km, far }) {
	const near = nearby || km === 0;
	return { near, km: near || km === undefined ? "" : km, far: Boolean(far), away: !near && km !== undefined };
}
