import { concat, sha256, utf8 } from "./bytes.js";
import { canonical } from "./canonical.js";

/**
 * A request as the server describes it.
 * @typedef {{
 *   id: string, nonce: string, client: {id: string, name: string}, account: string,
 *   context: {client_name: string, ip?: string, place?: string, browser?: string, os?: string, at: string, message?: string},
 *   match_digits: number, state: string, created_at: string, expires_at: string,
 *   new_client?: boolean, new_network?: boolean, same_browser?: boolean,
 * }} Request
 */

/**
 * What an answer commits to, and what a WebAuthn assertion signs.
 * @param {Request} request
 * @param {{issuer: string, deviceId: string}} account
 * @param {string} number as it was typed, "" if there is none
 * @param {"approve" | "deny" | "report"} verdict
 * @returns {Promise<Uint8Array>}
 */
export function approvalHash(request, account, number, verdict) {
	return sha256(concat(utf8("nod-approve-v1"), approvalCanonical(request, account, number, verdict)));
}

/**
 * What the push passcode answers. The number is left out, so that a mistyped number does not look like a wrong PIN.
 * @param {Request} request
 * @param {{issuer: string, deviceId: string}} account
 * @returns {Promise<Uint8Array>}
 */
export function question(request, account) {
	return sha256(concat(utf8("nod-question-v1"), approvalCanonical(request, account, null, "approve")));
}

/**
 * @param {Request} request
 * @param {{issuer: string, deviceId: string}} account
 * @param {string | null} number null leaves the field out altogether
 * @param {string} verdict
 */
export function approvalCanonical(request, account, number, verdict) {
	return canonical(
		account.issuer, request.id, request.nonce, request.account, account.deviceId, request.client.id,
		contextCanonical(request.context), ...(number === null ? [] : [number]), verdict, millis(request.expires_at),
	);
}

/**
 * @param {Request["context"]} context
 */
export function contextCanonical(context) {
	return canonical(
		context.client_name, context.ip ?? "", context.place ?? "", context.browser ?? "", context.os ?? "", millis(context.at),
		...(context.message ? [context.message] : []),
	);
}

function millis(time) {
	const ms = Date.parse(time);
	if (Number.isNaN(ms)) {
		throw new TypeError("not a time");
	}
	return String(ms);
}
